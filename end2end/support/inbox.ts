// Mail of the tested server, as its development inbox shows it (MAIL-1).
import { type APIRequestContext, expect } from "@playwright/test";

interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Everything that was mailed to an address, newest first. */
export async function mailTo(request: APIRequestContext, address: string): Promise<Mail[]> {
  const answer = await request.get("/dev/inbox.json");
  expect(answer.ok(), "the development inbox is there").toBe(true);
  const mails = (await answer.json()) as Mail[];
  return mails.filter((mail) => mail.to === address);
}

/** The path of the newest mailed link to a page like `/verify`, once it is there. */
export async function linkTo(request: APIRequestContext, address: string, page: string): Promise<string> {
  const pattern = new RegExp(`${page}\\?token=[\\w-]+`);
  let link = "";
  await expect
    .poll(async () => {
      const found = (await mailTo(request, address)).map((mail) => pattern.exec(mail.text)?.[0]).find((path) => path !== undefined);
      link = found ?? "";
      return link;
    }, `a link to ${page} is mailed to ${address}`)
    .not.toBe("");
  return link;
}

/** The path of the newest invitation that was mailed to an address (PEOPLE-3). */
export async function invitationLink(request: APIRequestContext, address: string): Promise<string> {
  let link = "";
  await expect
    .poll(async () => {
      const mails = await mailTo(request, address);
      link = mails.map((mail) => /\/invitations\/[\w-]+/.exec(mail.text)?.[0]).find((path) => path !== undefined) ?? "";
      return link;
    }, `an invitation is mailed to ${address}`)
    .not.toBe("");
  return link;
}
