import {launch,login,shot,text,B} from "./tmp-newcomer-lib.mjs"; import fs from "node:fs";
const b=await launch(); const p=await login(b,"john@example.com"); 
await p.goto(B+"/o/alpine-survey/drive"); await p.waitForTimeout(1000); 
await p.getByRole("link",{name:"Portal flight"}).first().click(); await p.waitForTimeout(1200); console.log(p.url(), await text(p)); await shot(p,"04-ds");
fs.writeFileSync("/work/wt/newcomer/ds.txt",p.url().split("?")[0]);
const [fc]=await Promise.all([p.waitForEvent("filechooser",{timeout:6000}).catch(()=>null),(async()=>{const u=p.getByRole("main").getByRole("button",{name:/upload/i}).first();await u.click();await p.waitForTimeout(400); const it=p.getByRole("menuitem",{name:/files/i}).first(); if(await it.count()) await it.click().catch(()=>{});})()]);
if(fc) await fc.setFiles(fs.readdirSync("/work/wt/newcomer/photos").map(f=>"/work/wt/newcomer/photos/"+f)); else console.log("no chooser");
await p.waitForTimeout(5000); await shot(p,"05-uploaded"); console.log(p.url(), await text(p));
await p.getByRole("link",{name:"Process",exact:true}).first().click(); await p.waitForTimeout(1500); await shot(p,"06-process"); const d=p.getByRole("dialog"); console.log(await d.innerText());
const r=d.getByRole("radio",{name:/^Survey index/}); if(!(await r.isChecked())) {await r.check(); await p.waitForTimeout(800);}
await d.getByRole("button",{name:"Start"}).click(); await p.waitForTimeout(6000); console.log(p.url()); await shot(p,"07-job"); console.log(await text(p));
fs.writeFileSync("/work/wt/newcomer/job.txt",p.url());
await b.close();
