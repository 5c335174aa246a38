// A second person in an organization: invited, and accepting with the link from their mail.
import { expect } from "@playwright/test";
import type { Organization, Person } from "./api";

export type Role = "owner" | "manager" | "editor" | "reader" | "member";

interface Mail {
  to: string;
  text: string;
}

/** PEOPLE-2, PEOPLE-4. Afterwards `person` is in `org` with this role. */
export async function join(org: Organization, owner: Person, person: Person, role: Role): Promise<void> {
  await owner.post(`/orgs/${org.org_id}/invitations`, { invitations: [{ email: person.email, role }] });
  const answer = await person.request.get("/dev/inbox.json");
  const mails = (await answer.json()) as Mail[];
  const token = mails
    .filter((mail) => mail.to.toLowerCase() === person.email)
    .map((mail) => /\/invitations\/([A-Za-z0-9_-]+)/.exec(mail.text)?.[1])
    .find((token) => token !== undefined);
  expect(token, "the invitation was mailed").toBeTruthy();
  await person.post("/invitations/accept", { token });
}
