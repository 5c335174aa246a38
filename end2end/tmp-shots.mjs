import { chromium } from "@playwright/test";
const [,, base, out, email, ...paths] = process.argv;
const browser = await chromium.launch({ executablePath: process.env.CHROME || undefined });
const sets = [["wide",{viewport:{width:1280,height:800}}],["phone",{viewport:{width:390,height:844},hasTouch:true,isMobile:true}],["dark",{viewport:{width:1280,height:800},colorScheme:"dark"}]];
for (const [name, options] of sets) {
  const context = await browser.newContext(options); const page = await context.newPage();
  page.on("console", m => { if (m.type()==="error") console.log(name, m.text().slice(0,300)); });
  page.on("pageerror", e => console.log(name, String(e).slice(0,300)));
  const r = await page.request.post(base+"/api/v1/session",{data:{email,password:"survey-the-alps-by-drone"},headers:{"x-requested-with":"commonhold"}});
  if(!r.ok()) console.log("sign-in", r.status(), await r.text());
  let i=0; for (let p of paths) { 
    if (p.startsWith("find:")) { const items=(await (await page.request.get(base+`/api/v1/orgs/alpine-survey/search?q=${encodeURIComponent(p.slice(5))}`)).json()).items; p=`/o/alpine-survey/drive/${items[0].id}/view`; }
    await page.goto(base+p); await page.waitForTimeout(1500); await page.screenshot({path:`${out}-${i++}-${name}.png`}); }
  await context.close();
}
await browser.close();
