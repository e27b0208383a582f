/** The style sheet of the page. The custom properties are what the charts are coloured with. */
export const style = `
:root { color-scheme: light dark; --page: #f5f6f4; --card: #ffffff; --ink: #1b2320; --muted: #55605b; --line: #b9c1bc; --grid: #e4e8e5;
  --accent: #1f6f78; --up: #1c7a3e; --down: #b3372a; --even: #6b6312; --mark: #eaf5ec;
  --series-1: #1f6f78; --series-2: #b4540a; --series-3: #6a4fb3; --series-4: #9c2f66; --series-5: #4d7a12; --series-6: #3a5fa8; }
@media (prefers-color-scheme: dark) { :root { --page: #131816; --card: #1c2320; --ink: #e6ece8; --muted: #a5b1ab; --line: #4c5853; --grid: #2c3531;
  --accent: #58b4bf; --up: #63c987; --down: #f2877a; --even: #d3c657; --mark: #1e3527;
  --series-1: #58b4bf; --series-2: #f0a05a; --series-3: #b6a1f2; --series-4: #ef8fbd; --series-5: #a6cf6a; --series-6: #8fb2f0; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 74rem; padding: 0 1.25rem 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.1rem; font-weight: 500; color: var(--muted); margin: 0; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .6rem; }
h3 { font-size: .95rem; margin: 0 0 .5rem; color: var(--muted); }
p { margin: 0 0 .7rem; max-width: 46rem; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip-link { position: absolute; left: -99rem; }
.skip-link:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
header { margin: 2rem 0 1.25rem; padding: 1.5rem 1.75rem; background: var(--card); border-radius: 12px; border-left: 8px solid var(--even); }
header.helps { border-color: var(--up); } header.hurts { border-color: var(--down); }
.verdict { font-size: 2.4rem; line-height: 1.15; font-weight: 700; margin: .4rem 0 .6rem; color: var(--even); }
.helps .verdict { color: var(--up); } .hurts .verdict { color: var(--down); }
.sentence { font-size: 1.1rem; max-width: 60rem; }
.warning { border-left: 4px solid var(--even); padding-left: .8rem; }
.headlines { list-style: none; margin: 1.25rem 0 0; padding: 0; display: grid; gap: 1rem 2rem; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); }
.headlines li { border-top: 2px solid var(--grid); padding-top: .6rem; }
.headlines span { display: block; }
.label { color: var(--muted); font-size: .9rem; }
.figure { font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.35; }
.detail { color: var(--muted); font-size: .88rem; line-height: 1.4; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 1.25rem; padding: 0 .25rem; }
section { background: var(--card); border-radius: 12px; padding: 1.5rem 1.75rem; margin-bottom: 1.25rem; }
figure { margin: 1rem 0 .5rem; }
@media (min-width: 66rem) { .beside:has(figure) { display: grid; grid-template-columns: 1fr 40rem; gap: 2rem; align-items: start; } }
figure svg { max-width: 100%; height: auto; } figure svg.narrow { display: none; }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--accent); }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; color: var(--muted); padding-bottom: .4rem; }
th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--grid); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; } thead th { color: var(--muted); font-weight: 500; } tbody th { font-weight: 500; }
.case { border-top: 1px solid var(--grid); margin: 0; padding: .7rem 0; }
.case summary { color: var(--ink); font-weight: 600; display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; list-style: none; }
.case summary::-webkit-details-marker { display: none; }
.case summary::before { content: "▸"; color: var(--accent); } .case[open] summary::before { content: "▾"; }
.query { flex: 1; overflow-wrap: anywhere; } .change { font-variant-numeric: tabular-nums; } .up { color: var(--up); } .down { color: var(--down); }
.figures { color: var(--muted); font-size: .9rem; margin: .3rem 0 .8rem; overflow-wrap: anywhere; }
.orders { display: grid; grid-template-columns: 1fr 1fr; gap: 1.75rem; }
.orders > div { min-width: 0; }
.orders ol { list-style: none; margin: 0; padding: 0; }
.orders li { border-left: 3px solid var(--grid); padding: .25rem .7rem .35rem; margin-bottom: .6rem; }
.orders li.relevant { border-color: var(--up); background: var(--mark); }
.orders li.gap { margin-top: 1.4rem; position: relative; } .orders li.gap::before { content: "⋮"; position: absolute; top: -1.5rem; left: -.35rem; color: var(--muted); }
.place { margin: 0 0 .15rem; font-size: .85rem; color: var(--muted); display: flex; flex-wrap: wrap; gap: 0 .7rem; }
.rank { font-weight: 700; color: var(--ink); } .relevant .grade { color: var(--up); font-weight: 600; }
.text { margin: 0; font-size: .92rem; line-height: 1.45; overflow-wrap: anywhere; }
footer { padding: 1rem 1.75rem; color: var(--muted); } footer h2 { font-size: 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: .6rem 2rem; margin: 0; font-size: .92rem; }
dt { font-size: .85rem; } dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
@media (max-width: 46rem) { body { padding: 0 .75rem 2rem; } header, section { padding: 1.1rem 1rem; } .verdict { font-size: 1.8rem; }
  .orders { grid-template-columns: 1fr; gap: 1rem; } figure svg.wide { display: none; } figure svg.narrow { display: block; } th, td { padding-right: .7rem; } tbody th { white-space: normal; } }
@media print { body { background: none; max-width: none; } header, section { border: 1px solid var(--line); break-inside: avoid; } nav, .skip-link { display: none; } }
`
