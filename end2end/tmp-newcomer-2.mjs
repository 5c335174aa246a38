import {launch,login,shot,text,B} from "./tmp-newcomer-lib.mjs"; import fs from "node:fs";
const b=await launch(); const p=await login(b,"john@example.com"); 
await p.goto(B+"/o/alpine-survey/drive"); await p.waitForTimeout(1200); console.log(await text(p,"main")); await shot(p,"02-drive");
console.log((await p.locator("main a").evaluateAll(l=>l.map(a=>a.getAttribute("href")+" | "+a.innerText.replace(/\n/g," ")))).join("\n"));
console.log((await p.getByRole("button").evaluateAll(l=>l.map(a=>a.innerText.replace(/\n/g," ")+"/"+(a.getAttribute("aria-label")||""))) ).join(" ; "));
const news=p.getByRole("button",{name:/^New/}).first(); if(await news.count()){await news.click(); await p.waitForTimeout(300); await shot(p,"03-new");}
await p.keyboard.press("Escape");
await b.close();
