/**
 * The page's only script: without it everything works, with it there are a theme switch, a page that stays fresh, `/` for
 * the filter, and shorter addresses. Storage may be forbidden; then it forgets.
 */
export const script = `"use strict";
(() => {
  const root = document.documentElement;
  const recall = (key) => { try { return localStorage.getItem("janitor-" + key); } catch { return null; } };
  const remember = (key, value) => { try { localStorage.setItem("janitor-" + key, value); } catch {} };
  const theme = recall("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;

  document.addEventListener("DOMContentLoaded", () => {
    for (const hidden of document.querySelectorAll(".tools, .keys")) hidden.hidden = false;
    const form = document.querySelector(".filter");
    const match = document.getElementById("match");

    const themeButton = document.getElementById("theme");
    const prefersDark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
    const showTheme = () => themeButton.setAttribute("aria-pressed", String(isDark()));
    themeButton.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember("theme", root.dataset.theme);
      showTheme();
    });
    prefersDark.addEventListener("change", showTheme);
    showTheme();

    const refreshButton = document.getElementById("refresh");
    const left = refreshButton.querySelector("span");
    const every = Number(refreshButton.dataset.seconds);
    let rest = every;
    let on = recall("refresh") !== "off";
    const showRefresh = () => {
      refreshButton.setAttribute("aria-pressed", String(on));
      left.textContent = on ? rest + " s" : "off";
    };
    refreshButton.addEventListener("click", () => {
      on = !on;
      rest = every;
      remember("refresh", on ? "on" : "off");
      showRefresh();
    });
    // Never while somebody uses the page: the countdown pauses while the tab is hidden, a field has the focus or text is selected.
    const isBusy = () => document.hidden || form.contains(document.activeElement) || !getSelection().isCollapsed;
    setInterval(() => {
      if (!on || isBusy()) return;
      rest -= 1;
      if (rest <= 0) location.reload();
      else showRefresh();
    }, 1000);
    showRefresh();

    // The metrics of a group unfold in place.
    document.addEventListener("click", async (event) => {
      const link = event.target.closest?.("a.metrics");
      if (link === null || link === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const shown = document.createElement("pre");
      shown.tabIndex = 0;
      shown.textContent = "Reading…";
      link.parentElement.replaceChildren(shown);
      const answer = await fetch(link.href).catch(() => null);
      shown.textContent = answer === null ? "The janitor does not answer." : await answer.text();
      // To try again.
      if (answer?.ok !== true) shown.before(link);
    });

    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      match.focus();
      match.select();
    });
    form.addEventListener("submit", () => {
      for (const field of form.elements) field.disabled = field.name !== "" && field.value === "";
    });
    // A page from the history must not have disabled fields.
    addEventListener("pageshow", () => {
      for (const field of form.elements) field.disabled = false;
    });
  });
})();
`;
