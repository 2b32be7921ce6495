import { colors } from "./style-colors.ts";
import { contentStyle } from "./style-content.ts";
import { groupsStyle } from "./style-groups.ts";

const base = `
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
code,kbd,pre,.labels,.reason,#match,.place{font-family:ui-monospace,"SF Mono","Cascadia Mono","JetBrains Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.87em}
code{overflow-wrap:anywhere}
kbd{border:1px solid var(--line);border-bottom-width:2px;border-radius:4px;padding:0 .35em}
a{color:var(--accent);text-decoration-color:color-mix(in srgb,currentColor 40%,transparent);text-underline-offset:.2em}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
#groups:focus{outline:none}
.quiet{color:var(--muted)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:1rem;top:-4rem;background:var(--card);padding:.5rem 1rem;border-radius:6px;z-index:2}
.skip:focus{top:.5rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 2rem;justify-content:space-between;align-items:flex-start;padding:1.75rem 0 1.5rem}
header p{color:var(--muted);margin-top:.2rem}
header .pill{vertical-align:.12em;margin-left:.5rem}
main>section,main>.pair{margin-bottom:2.25rem}
.tools{display:flex;gap:.5rem}
button,select,input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:7px;padding:.4rem .7rem;min-height:2.35rem}
button{cursor:pointer;font-weight:500}
button:hover{border-color:var(--muted)}
button[aria-pressed=true]{background:var(--soft)}
form button{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
form button:hover{background:var(--accent-strong);border-color:var(--accent-strong)}
#refresh span{display:inline-block;min-width:2.6em;text-align:right;color:var(--muted)}
footer{border-top:1px solid var(--line);padding:1.25rem 0 2.5rem;color:var(--muted);font-size:.9rem}
@media (prefers-reduced-motion:no-preference){a,button,tr{transition:background-color .12s,border-color .12s}}
@media print{.tools,form,.pager,.skip,footer{display:none}.scroll{max-height:none!important}}
`;

/** The one style of the page and of the file that is mailed. No font, image or style from elsewhere. */
export const style = colors + base + contentStyle + groupsStyle;
