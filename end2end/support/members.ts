// A second person in an organization: invited, and accepting with the link from their mail.
import type { Organization, Person } from "./api";
import { invitationLink } from "./inbox";

export type Role = "owner" | "manager" | "editor" | "reader" | "member";

/** PEOPLE-2, PEOPLE-4. Afterwards `person` is in `org` with this role. */
export async function join(org: Organization, owner: Person, person: Person, role: Role): Promise<void> {
  await owner.post(`/orgs/${org.org_id}/invitations`, { invitations: [{ email: person.email, role }] });
  const token = (await invitationLink(person.request, person.email)).split("/").pop();
  await person.post("/invitations/accept", { token });
}
