import {launch} from "./tmp-newcomer-lib.mjs"; import {execFileSync as x} from "node:child_process";
const b=await launch(); const p=await (await b.newContext({viewport:{width:1600,height:1200}})).newPage();
for(let i=0;i<8;i++){ const r=Math.floor(i/4), c=r?3-i%4:i%4;
 await p.setContent(`<body style="margin:0;background:repeating-linear-gradient(${i*20}deg,#576b2b 0 40px,#7a8a4a 40px 90px,#6d5a3c 90px 120px);display:grid;place-items:center;height:100vh;font:300px sans-serif;color:#fff">P${i+1}</body>`);
 const f=`/work/wt/newcomer/photos/DJI_000${i+1}.jpg`; await p.screenshot({path:f,type:"jpeg",quality:85});
 x("exiftool",["-q","-overwrite_original","-Make=DJI","-Model=FC6310","-FocalLength=8.8","-FocalLengthIn35mmFormat=24","-GPSLatitude="+(46.8+r*.0003),"-GPSLatitudeRef=N","-GPSLongitude="+(9.83+c*.0004),"-GPSLongitudeRef=E","-GPSAltitude=1650","-GPSAltitudeRef=0",`-DateTimeOriginal=2026:06:01 10:00:${10+i*3}`,"-XMP-drone-dji:RelativeAltitude=+60.00","-XMP-drone-dji:GimbalYawDegree="+(r?-90:90),"-XMP-drone-dji:GimbalPitchDegree=-90",f]);
}
await b.close();
