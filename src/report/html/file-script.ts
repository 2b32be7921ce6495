/** How many groups a browser lays out at once without keeping its user waiting. */
export const groupsAtOnce = 1000;

/**
 * The script of the file that is mailed: without it all groups are shown, with it those that contain every word of the filter. With
 * scripts, what is in `noscript` is text, which costs a browser little: rows become elements when they are shown.
 */
export const fileScript = `"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const filter = document.querySelector(".filter");
  if (filter === null) return;
  filter.hidden = false;
  const field = filter.querySelector("input");
  const more = filter.querySelector("button");
  const range = document.querySelector(".range");
  const body = document.querySelector(".groups tbody");
  const rest = document.querySelector("#groups noscript")?.textContent.split("<tr ").slice(1) ?? [];
  const rows = [...Array.from(body.rows, (row) => row.outerHTML), ...rest.map((row) => "<tr " + row)];
  const reader = document.createElement("textarea");
  const read = (row) => {
    reader.innerHTML = row.replace(/<ul class="why">.*?<\\/ul>/s, "").replace(/<[^>]*>/g, "");
    return reader.value.toLowerCase();
  };
  let texts = null;
  let limit = ${groupsAtOnce};
  const show = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter((word) => word !== "");
    if (words.length > 0) texts ??= rows.map(read);
    const found = rows.filter((_, index) => words.every((word) => texts[index].includes(word)));
    body.innerHTML = found.slice(0, limit).join("");
    const count = (number) => number.toLocaleString("en");
    range.textContent = count(Math.min(limit, found.length)) + " of " + count(found.length) + " groups shown" +
      (found.length < rows.length ? ", filtered from " + count(rows.length) : "");
    more.hidden = found.length <= limit;
  };
  let timer;
  field.addEventListener("input", () => {
    limit = ${groupsAtOnce};
    clearTimeout(timer);
    timer = setTimeout(show, 150);
  });
  more.addEventListener("click", () => { limit += ${groupsAtOnce}; show(); });
  if (rest.length > 0) show();
});
`;
