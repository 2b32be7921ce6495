import { formatReportQuery, isFiltered, noFilter, type QueryProblem, type ReportQuery } from "../query.ts";
import { showText } from "../text.ts";
import type { Links } from "./parts.ts";
import { html, nothing, type Html } from "./template.ts";

/** The choices that the form offers. */
interface Choices {
  readonly gateways: readonly string[];
  readonly rules: readonly string[];
  readonly reasons: readonly string[];
}

const example = '{job="batch", instance=~"web.*"}';

/** A form that asks for this page with another query: a plain GET, so that its address can be shared. */
export function renderForm({ query, to }: Links, choices: Choices, problem: QueryProblem | null): Html {
  const wrong = problem?.parameter === "match";
  const described = wrong ? "match-problem" : "match-help";
  return html`<form class="filter" method="get" action="#groups" role="search" aria-label="Groups">
    <div class="field grow">
      <label for="match">Matchers</label>
      <input
        id="match"
        name="match"
        value="${query.match}"
        placeholder="${example}"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        aria-describedby="${described}"
        ${wrong ? html` aria-invalid="true"` : nothing}
      />
    </div>
    ${renderSelect("reason", "Reason", choices.reasons, query.reason)}
    ${renderSelect("rule", "Rule", choices.rules, query.rule)}
    ${choices.gateways.length > 1 ? renderSelect("gateway", "Gateway", choices.gateways, query.gateway) : nothing}
    ${renderHidden(query)}
    <div class="buttons">
      <button type="submit">Filter</button>${
        isFiltered(query) ? html` <a class="clear" href="${to(noFilter)}">Clear</a>` : nothing
      }
    </div>
    <p id="match-help" class="help">
      As in Alertmanager: <code>=</code> <code>!=</code> <code>=~</code> <code>!~</code>, anchored RE2.<span
        class="keys"
        hidden
      >
        Press <kbd>/</kbd> to focus.</span
      >
    </p>
    ${problem === null ? nothing : renderProblem(problem)}
  </form> `;
}

function renderSelect(name: string, title: string, options: readonly string[], chosen: string | null): Html {
  // The choice in a shared address stays one, even if no group has it now.
  const all = chosen === null || options.includes(chosen) ? options : [...options, chosen];
  return html`<div class="field">
    <label for="${name}">${title}</label>
    <select id="${name}" name="${name}">
      <option value="">any</option>
      ${all.map(
        (option) =>
          html`<option value="${option}" ${option === chosen ? html` selected` : nothing}>
            ${showText(option)}
          </option>`,
      )}
    </select>
  </div>`;
}

/** Parameters that the form keeps without asking for them. */
function renderHidden(query: ReportQuery): readonly Html[] {
  const { verdict, expiresFrom, expiresUntil } = query;
  const kept = formatReportQuery({ ...query, ...noFilter, verdict, expiresFrom, expiresUntil });
  return [...new URLSearchParams(kept)].map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
}

/** Of a long text, on each side of the error. */
const contextLength = 60;

function renderProblem({ text, message, offset }: QueryProblem): Html {
  if (offset === null) return html`<p id="match-problem" class="error" role="alert">${showText(message)}</p>`;
  const before = showText(text.slice(Math.max(0, offset - contextLength), offset));
  const [wrong = ""] = text.slice(offset);
  const after = showText(text.slice(offset + wrong.length, offset + contextLength));
  return html`<div id="match-problem" class="error" role="alert">
    <p>${showText(message)}</p>
    <p class="excerpt">
      <bdi>${before}</bdi><mark>${wrong === "" ? " " : showText(wrong)}</mark><bdi>${after}</bdi>
    </p>
  </div>`;
}
