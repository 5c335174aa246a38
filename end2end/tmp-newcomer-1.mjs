import {launch,login,shot,text,B} from "./tmp-newcomer-lib.mjs";
const b=await launch(); const p=await login(b,"john@example.com"); console.log(p.url());
await p.waitForTimeout(1500); await shot(p,"01-home"); console.log(await text(p,"body"));
for(const a of await p.locator("a").all()) console.log(await a.getAttribute("href"),"|",(await a.innerText()).trim());
await p.goto(B+"/drive"); await p.waitForTimeout(1500); console.log(p.url(), await text(p,"body")); await shot(p,"02-drive");
for(const a of await p.locator("main a").all()) console.log(await a.getAttribute("href"),"|",(await a.innerText()).trim());
await b.close();
