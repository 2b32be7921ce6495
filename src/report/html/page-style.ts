/** Every text colour has at least 4.5 : 1 against paper, card and its own soft ground (WCAG AA); a test measures it. */
export const light = {
  paper: "#f7f6f3",
  card: "#ffffff",
  soft: "#efeeea",
  line: "#e5e3dd",
  edge: "#8f8d85",
  ink: "#20262b",
  muted: "#5a646c",
  accent: "#0b655d",
  "accent-strong": "#084d47",
  "accent-soft": "#e0f0ed",
  "on-accent": "#ffffff",
  good: "#1d6b40",
  "good-soft": "#e2f2e8",
  warn: "#835000",
  "warn-soft": "#fbefd9",
  bad: "#a82218",
  "bad-soft": "#fbe7e4",
  early: "#4d9d92",
  late: "#cf8a1c",
} as const;

export const dark: Readonly<Record<keyof typeof light, string>> = {
  paper: "#14181b",
  card: "#1b2024",
  soft: "#252b30",
  line: "#2c3339",
  edge: "#6d7780",
  ink: "#e4e7e9",
  muted: "#9ca8b1",
  accent: "#6fcabd",
  "accent-strong": "#93dcd1",
  "accent-soft": "#17342f",
  "on-accent": "#0d2320",
  good: "#74cf9a",
  "good-soft": "#183226",
  warn: "#e8b45c",
  "warn-soft": "#372a14",
  bad: "#ff9b90",
  "bad-soft": "#3f1f1c",
  early: "#3f8f84",
  late: "#d6962f",
};

function declare(palette: Readonly<Record<string, string>>): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name}:${color}`)
    .join(";");
}

/** The one style of the page and of the file that is mailed. No font, image or style from elsewhere. */
export const style = `
/* The system's theme, unless the reader chose one. */
:root{color-scheme:light;${declare(light)}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${declare(dark)}}}
:root[data-theme=dark]{color-scheme:dark;${declare(dark)}}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;
color:var(--ink);background:var(--paper);font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:90rem;padding:0 clamp(1rem,3vw,2.5rem)}
h1,h2,h3,p,ul,dl,dd,pre{margin:0;padding:0}
ul{list-style:none}
h1{font-size:1.25rem;font-weight:650;letter-spacing:-.01em;display:inline}
h2{font-size:1.05rem;font-weight:650;letter-spacing:-.005em;margin-bottom:.75rem}
h3{font-size:1rem;font-weight:600;overflow-wrap:anywhere}
code,kbd,pre,.labels,.reason,#match,.excerpt{font-family:ui-monospace,"SF Mono","Cascadia Mono","JetBrains Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.87em}
code{overflow-wrap:anywhere}
kbd{border:1px solid var(--line);border-bottom-width:2px;border-radius:4px;padding:0 .35em}
/* A target is at least 24 pixels high; inline padding does not move lines apart. */
a{padding-block:6px;color:var(--accent);text-decoration-color:color-mix(in srgb,currentColor 40%,transparent);text-underline-offset:.2em}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
#groups:focus{outline:none}
.quiet{color:var(--muted)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:1rem;top:-4rem;background:var(--card);padding:.5rem 1rem;border-radius:6px;z-index:2}
.skip:focus{top:.5rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 2rem;justify-content:space-between;align-items:flex-start;padding:1.75rem 0 1.5rem}
header p{color:var(--muted);margin-top:.2rem}
header code{white-space:nowrap}
header .pill{vertical-align:.12em;margin-left:.5rem}
main>section,main>.pair{margin-bottom:2.25rem}
.tools{display:flex;flex-wrap:wrap;gap:.5rem}
@media (min-width:46rem){form.tools{margin-left:auto}}
.notice{flex-basis:100%;margin:0!important;padding:.6rem 1rem;border-radius:8px;background:var(--accent-soft);color:var(--ink)!important}
.notice.bad{background:var(--bad-soft)}
button:disabled{color:var(--muted);cursor:default}
button,select,input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:7px;padding:.4rem .7rem;min-height:2.35rem}
button{cursor:pointer;font-weight:500}
button:hover{border-color:var(--muted)}
button[aria-pressed=true]{background:var(--soft)}
.filter button{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
.filter button:hover{background:var(--accent-strong);border-color:var(--accent-strong)}
#refresh span{display:inline-block;min-width:2.6em;text-align:right;color:var(--muted)}
footer{border-top:1px solid var(--line);padding:1.25rem 0 2.5rem;color:var(--muted);font-size:.9rem}
@media (prefers-reduced-motion:no-preference){a,button,tr{transition:background-color .12s,border-color .12s}}
@media print{.tools,.filter,.pager,.skip,footer{display:none}.scroll{max-height:none!important}}

/* Cards, the list of problems, and the two small tables. */
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem}
.card,.pair>section,.wide,.filter,main>section>.scroll{background:var(--card);border:1px solid var(--line);border-radius:12px}
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
.attention .names{color:var(--muted);font-size:.9rem}
.attention li{line-height:1.6}
.command{padding:.5rem .75rem;border-radius:6px;background:var(--card);color:var(--ink);white-space:pre-wrap;overflow-wrap:anywhere;user-select:all}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem}
.pair>section{padding:1.1rem 0 .4rem;min-width:0}
.pair h2,.pair .empty{padding:0 1.25rem}
.scroll{max-height:17.5rem;overflow:auto}
.scroll:has(.gateways,.rules){max-height:31rem}
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

/* Charts: rows of a name, a plot and a number. */
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem;margin-bottom:2.25rem}
.charts>div{display:grid;gap:1rem}
.charts>section:last-child{grid-column:1/-1}
.chart{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem 1rem;min-width:0}
.chart h2{margin-bottom:.15rem}
.note{font-size:.87rem;color:var(--muted)}
.chart ul{margin-top:.85rem}
.chart li{display:grid;grid-template-columns:8rem 1fr 5.5rem;grid-template-areas:"name plot value";column-gap:.9rem;align-items:end;font-size:.87rem;line-height:1.3}
.name{grid-area:name;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.name a{display:block;overflow:hidden;text-overflow:ellipsis;color:inherit;text-decoration-color:transparent}
.name a:hover{text-decoration-color:currentColor}
.value{grid-area:value;text-align:right;white-space:nowrap}
.chart li:has(.name a) .value{padding-bottom:6px}
.late{display:block;font-size:.8rem;color:var(--bad)}
.chart:has(.late) li{grid-template-columns:8rem 1fr 6.5rem}
.plot{grid-area:plot;display:block;width:100%;overflow:visible}
.plot text{font-size:.76rem;fill:var(--muted);paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.plot .grid,.plot .base{stroke:var(--line)}
.plot .base{stroke:var(--edge);stroke-opacity:.6}
.plot .ttl{stroke:var(--ink);stroke-width:1.5}
.plot .vanished{stroke-dasharray:3 3}
.plot rect{fill:transparent}
.plot rect:hover{fill:var(--soft)}
.plot path{pointer-events:none;vector-effect:non-scaling-stroke}
.plot .younger{fill:var(--early)}
.plot .older{fill:var(--bad)}
.plot .deleted{fill:var(--accent)}
.plot .planned{fill:var(--accent-soft);stroke:var(--accent)}
.plot .withheld{fill:var(--late)}
.plot .idle{fill:var(--edge);fill-opacity:.45}

/* The groups: form, table, pages. On a narrow screen every row of a table becomes a block of its own. */
.verdicts ul{display:flex;flex-wrap:wrap;gap:.35rem;margin-bottom:.85rem}
.verdicts a{display:block;padding:.3rem .8rem;border-radius:99px;color:var(--ink);text-decoration:none}
.verdicts a:hover{background:var(--soft)}
.verdicts a[aria-current]{background:var(--ink);color:var(--paper)}
.verdicts .count{color:var(--muted);margin-left:.15em}
.verdicts a[aria-current] .count{color:inherit}
.filter{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-end;padding:1rem 1.25rem}
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
.excerpt{margin-top:.3rem;white-space:pre-wrap}
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
.labels{line-height:25px}
.labels i{font-style:normal;color:var(--muted)}
.labels bdi{unicode-bidi:isolate;white-space:pre-wrap}
.long{display:inline}
.long summary{display:inline;padding-block:.3rem}
summary{cursor:pointer;min-height:24px}
.more summary{width:fit-content;font-size:.82rem;color:var(--muted);padding:.15rem 0}
.more summary .where{display:inline}
.more summary .where:not(:empty):after{content:" · "}
.more .command{background:var(--soft)}
.groups .why a{color:var(--accent);text-decoration-color:currentColor}
.why{font-size:.87rem;padding:.4rem .75rem;margin:.2rem 0;border-left:3px solid var(--line)}
.why pre{max-height:24rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.legend{font-size:.9rem;color:var(--muted);margin-bottom:.6rem}
.legend dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem;padding:.4rem 0}
span.more{color:var(--accent);margin-left:.3em;white-space:nowrap}
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
@media (forced-colors:active){.plot path{fill:Highlight}.plot .idle{fill:none}.plot .ttl{stroke:CanvasText}.bar .used{fill:Highlight}.bar .track{fill:GrayText}}
@media (max-width:46rem){
.counts{gap:.5rem .75rem}
.wide{border:0;background:none;overflow:visible}
table,tbody,tr,tbody th,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{display:grid;gap:.3rem 1rem;padding:.6rem 1.25rem}
tbody th,td{padding:0!important;min-width:0!important;width:auto!important;text-align:left!important}
tbody th{grid-column:1/-1}
.rules tr,.gateways tr{grid-template-columns:repeat(auto-fit,minmax(5rem,1fr))}
.gateways th{grid-column:1/-2}
td[data-title]:before{display:block;content:attr(data-title);font-size:.82rem;color:var(--muted)}
.groups tbody tr{grid-template-columns:1fr 1fr;gap:.5rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.9rem 1.1rem;margin-bottom:.6rem}
.groups .series{display:none}
.chart li,.chart:has(.late) li{grid-template-columns:1fr auto;grid-template-areas:"name value" "plot plot";row-gap:.15rem;padding-top:.5rem}
.charts{display:flex;align-items:start;overflow-x:auto;scroll-snap-type:x mandatory;margin-right:-1rem;padding-right:1rem}
.charts>*{flex:0 0 92%;scroll-snap-align:start}
.name a{padding:6px 0}
.plot text{font-size:.7rem}
.late{display:inline;margin-left:.5em}
.field{flex:1 1 40%}
.grow{flex:1 1 100%}
.field select{max-width:none;width:100%}
}
`;
