/** Cards, what needs attention, and the two small tables. */
export const contentStyle = `
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem}
.card,.pair>section,.wide,form{background:var(--card);border:1px solid var(--line);border-radius:12px}
.card{padding:1.1rem 1.25rem 1.15rem}
.card-head{display:flex;justify-content:space-between;align-items:flex-start;gap:.75rem}
.url{color:var(--muted);font-size:.87rem;overflow-wrap:anywhere}
.pill{display:inline-block;font-size:.8rem;font-weight:600;line-height:1.2;padding:.22em .6em;border-radius:99px;white-space:nowrap;background:var(--soft);color:var(--muted)}
.pill.good{background:var(--good-soft);color:var(--good)}
.pill.warn{background:var(--warn-soft);color:var(--warn)}
.pill.bad{background:var(--bad-soft);color:var(--bad)}
.pill.accent{background:var(--accent-soft);color:var(--accent)}
.counts{display:grid;grid-template-columns:repeat(4,auto);justify-content:space-between;gap:.5rem 1rem;margin:1rem 0 .9rem}
.counts div{display:flex;flex-direction:column-reverse}
.counts dd{font-size:1.5rem;font-weight:600;line-height:1.2;letter-spacing:-.02em}
.counts dt{font-size:.82rem;color:var(--muted)}
.counts .zero dd{color:var(--muted);font-weight:400}
.counts .accent dd{color:var(--accent)}
.counts .warn dd{color:var(--warn)}
.facts{font-size:.87rem;border-top:1px solid var(--line);padding-top:.7rem;margin-top:.7rem}
.facts:empty{display:none}
.facts div{display:flex;gap:.75rem}
.facts dt{color:var(--muted);flex:0 0 6.2rem}
.attention li{border-left:4px solid;border-radius:4px 10px 10px 4px;padding:.7rem 1rem;margin-top:.5rem;overflow-wrap:anywhere}
.attention li p{color:var(--ink)}
.attention .warn{background:var(--warn-soft);border-color:var(--late)}
.attention .bad{background:var(--bad-soft);border-color:var(--bad)}
.attention .advice{margin-top:.25rem}
.attention pre{margin-top:.5rem;max-height:16rem;overflow:auto}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem}
.pair>section{padding:1.1rem 0 .4rem;min-width:0}
.pair h2,.pair .empty{padding:0 1.25rem}
.scroll{max-height:17.5rem;overflow:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{padding:.45rem .75rem;text-align:left;vertical-align:top;font-weight:400}
th:first-child,td:first-child{padding-left:1.25rem}
th:last-child,td:last-child{padding-right:1.25rem}
thead th{font-size:.82rem;color:var(--muted);font-weight:500;white-space:nowrap}
.scroll thead th{position:sticky;top:0;background:var(--card)}
tbody tr{border-top:1px solid var(--line)}
tbody th{overflow-wrap:anywhere;min-width:7rem}
.scroll td:has(.labels){overflow-wrap:anywhere;min-width:9rem}
.number{text-align:right}
td.zero{color:var(--muted)}
.when,td time{white-space:nowrap}
.where{display:block;font-size:.82rem;color:var(--muted);overflow-wrap:anywhere}
.empty{padding:1rem 0}
`;
