/** The groups: form, table, pages. On a narrow screen every row becomes a block of its own. */
export const groupsStyle = `
.verdicts ul{display:flex;flex-wrap:wrap;gap:.35rem;margin-bottom:.85rem}
.verdicts a{display:block;padding:.3rem .8rem;border-radius:99px;color:var(--ink);text-decoration:none}
.verdicts a:hover{background:var(--soft)}
.verdicts a[aria-current]{background:var(--ink);color:var(--paper)}
.verdicts .count{color:var(--muted);margin-left:.15em}
.verdicts a[aria-current] .count{color:inherit}
form{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-end;padding:1rem 1.25rem}
.field{display:grid;gap:.2rem;min-width:8rem}
.field select{max-width:16rem}
.grow{flex:1 1 22rem}
.grow input{width:100%}
label{font-size:.82rem;color:var(--muted)}
input::placeholder{color:var(--muted);opacity:1}
.buttons{display:flex;align-items:center;gap:1rem;min-height:2.35rem}
.help{flex-basis:100%;font-size:.82rem;color:var(--muted)}
.error{flex-basis:100%;color:var(--bad);background:var(--bad-soft);border-radius:7px;padding:.6rem .9rem;overflow-wrap:anywhere}
[aria-invalid]{border-color:var(--bad)}
.place{margin-top:.3rem;white-space:pre-wrap}
mark{background:var(--bad);color:var(--card);border-radius:2px}
.range{color:var(--muted);font-size:.9rem;margin:1rem 0 .6rem}
.wide{overflow-x:auto}
.groups thead a,.groups tbody th a{color:inherit;text-decoration-color:transparent}
.groups thead a{text-decoration-color:var(--edge)}
.groups a:hover{text-decoration-color:currentColor}
[aria-sort]{color:var(--ink)!important;font-weight:650!important}
[aria-sort=ascending]:after{content:" ↑" / ""}
[aria-sort=descending]:after{content:" ↓" / ""}
.groups tbody tr:hover{background:color-mix(in srgb,var(--soft) 55%,transparent)}
.groups td,.groups tbody th{padding-top:.6rem;padding-bottom:.6rem}
.groups tbody th{width:44%;min-width:18rem}
.gone{color:var(--muted)}
.labels i{font-style:normal;color:var(--muted)}
.labels bdi{unicode-bidi:isolate;white-space:pre-wrap}
.long{display:inline}
.long summary{display:inline;cursor:pointer}
.more{color:var(--accent);margin-left:.3em;white-space:nowrap}
.reason{display:block;color:var(--muted);margin-top:.2rem}
.rule{overflow-wrap:anywhere;min-width:7rem}
.age{min-width:9.5rem}
.ratio{display:block;white-space:nowrap}
.bar{display:block;margin-top:.4rem;max-width:12rem}
.bar .track{fill:var(--soft)}
.bar.early .used{fill:var(--early)}
.bar.late .used{fill:var(--late)}
.bar.over .used{fill:var(--bad)}
.expires .date{display:block;font-size:.85rem;color:var(--muted)}
.pager ul{display:flex;flex-wrap:wrap;justify-content:center;align-items:center;gap:.25rem;margin-top:1rem}
.pager a,.pager span{display:block;padding:.35rem .75rem;border-radius:7px;text-decoration:none}
.pager a:hover{background:var(--soft)}
.pager [aria-current]{background:var(--accent-soft);font-weight:600}
.pager .off{color:var(--muted)}
.gap{color:var(--muted)}
@media (forced-colors:active){.bar .used{fill:Highlight}.bar .track{fill:GrayText}}
@media (max-width:46rem){
.counts{gap:.5rem .75rem}
.wide{border:0;background:none;overflow:visible}
.groups,.groups tbody,.groups tr,.groups th{display:block}
.groups thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.groups tbody tr{display:grid;grid-template-columns:1fr 1fr;gap:.5rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.9rem 1.1rem;margin-bottom:.6rem}
.groups td,.groups tbody th{display:block;padding:0!important;min-width:0;width:auto}
.groups tbody th{grid-column:1/-1}
.groups .series{display:none}
.groups .number{text-align:left}
.field{flex:1 1 40%}
.grow{flex:1 1 100%}
.field select{max-width:none;width:100%}
}
`;
