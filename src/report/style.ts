/** How a report looks: on screens wide and narrow, in the dark, in print. */
import { lineStyle } from "./curves.ts";

export const pageStyle = `:root{color-scheme:light dark;--paper:#fff;--card:#f6f8fa;--text:#1b1f24;--faint:#59636e;--edge:#d1d9e0;--good:#0550ae;--bad:#bc4c00}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--card:#161b22;--text:#f0f6fc;--faint:#a3adb8;--edge:#3d444d;--good:#79c0ff;--bad:#ffa657}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:62rem;margin:0 auto;padding:1rem 1rem 4rem;color:var(--text);background:var(--paper);overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:1rem 0 .4rem}h2{font-size:1.2rem;margin:2.4rem 0 .4rem;padding-top:.6rem;border-top:1px solid var(--edge)}h3{font-size:1rem;margin:1.2rem 0 .3rem}
p{margin:.4rem 0;max-width:46rem}.why{color:var(--faint)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.7rem;margin:1rem 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:.6rem .8rem}.tiles b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}.tiles span{color:var(--faint);font-size:.9rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:1rem}
svg,img{max-width:100%;height:auto}figure{margin:.6rem 0}figcaption{color:var(--faint);font-size:.9rem}
.scroll{overflow-x:auto;margin:.6rem 0}table{border-collapse:collapse;font-size:.94rem}td,th{padding:.25rem .7rem;border-bottom:1px solid var(--edge);text-align:left;vertical-align:top}th{font-weight:600}th:first-child,td:first-child{padding-left:.2rem}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.confusion .right{background:color-mix(in srgb,var(--good) calc(var(--s)*.45),transparent)}.confusion .wrong{background:color-mix(in srgb,var(--bad) calc(var(--s)*.8),transparent);font-weight:600}.confusion .zero{color:var(--faint)}
.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.8rem;padding:0;list-style:none}.examples li{border:1px solid var(--edge);border-radius:8px;padding:.6rem;background:var(--card);font-size:.9rem}.examples img{display:block;width:100%;max-width:9rem}
img{image-rendering:pixelated}.drawing{background:#fff;border:1px solid var(--edge);border-radius:8px;padding:.5rem;overflow-x:auto}.drawing svg{min-width:34rem}
.flow{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;padding:0 1.5rem 0 0;list-style:none;margin:.8rem 0}.flow li{position:relative;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:.35rem .7rem}.flow li:not(:last-child)::after{content:"→";position:absolute;right:-1.25rem;top:.35rem;color:var(--faint)}.flow b{display:block}.flow span{color:var(--faint);font-size:.85rem}
.remark{border-left:4px solid var(--bad);padding:.2rem .8rem;margin:.8rem 0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:0 2rem}dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.1rem 1rem;margin:.3rem 0}dt{color:var(--faint)}dd{margin:0;min-width:0}
pre{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:.7rem;overflow-x:auto;font-size:.85rem;line-height:1.4}
.scatter .same{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}.scatter circle{fill-opacity:.55}
@media (max-width:30rem){td,th{padding:.25rem .4rem}.tiles{grid-template-columns:1fr 1fr}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--text:#000;--faint:#333;--edge:#bbb;--good:#0550ae;--bad:#a04100}body{font-size:11pt;max-width:none;padding:0}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}h2{break-after:avoid}figure,li,tr,.plots svg,.remark{break-inside:avoid}.scroll,.drawing,pre{overflow:visible}pre{white-space:pre-wrap}.drawing svg{min-width:0}.plots{grid-template-columns:1fr 1fr}}
${lineStyle}`;
