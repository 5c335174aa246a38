import { chromium } from "playwright";
export const B="http://127.0.0.1:4100";
export const launch=()=>chromium.launch({executablePath:"/usr/bin/chromium",args:["--no-sandbox"]});
export async function login(browser,email,opts={}){
  const ctx=await browser.newContext({viewport:{width:1280,height:800},...opts});
  const p=await ctx.newPage(); 
  p.on("console",m=>{ if(["error","warning"].includes(m.type())) console.log("CONSOLE",m.type(),m.text().slice(0,300), p.url())});
  p.on("pageerror",e=>console.log("PAGEERROR",e.message.slice(0,300)));
  await p.goto(B+"/signin"); await p.fill("input[type=email]",email); await p.fill('input[type=password]',"survey-the-alps-by-drone");
  await p.keyboard.press("Enter"); await p.waitForURL(u=>!u.pathname.includes("signin"),{timeout:10000});
  return p;
}
export const shot=(p,n)=>p.screenshot({path:`/work/wt/newcomer/${n}.png`});
export const text=async(p,s="main")=>(await p.locator(s).first().innerText());
