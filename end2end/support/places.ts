// Every page, with something on it: for the checks and pictures that go through all of them.
import type { Page } from "@playwright/test";
import { type Person, unique } from "./api";
import { Engine, publish, start } from "./engine";
import { flight, upload } from "./files";
import { invitationLink } from "./inbox";
import { grantDesktop, grantImages, grantTeams, operator, setProcessed } from "./operator";
import { uploadSurvey } from "./viewer";

export interface Place {
  name: string;
  path: string;
}

/** What one sees before signing in. */
export const outside: Place[] = [
  { name: "front", path: "/" },
  { name: "sign-up", path: "/signup" },
  { name: "sign-in", path: "/signin" },
  { name: "forgot", path: "/forgot" },
  { name: "forgot-sent", path: "/forgot?sent=yes" },
  { name: "reset-no-link", path: "/reset?token=nonsense" },
  { name: "verify-no-link", path: "/verify?token=nonsense" },
  { name: "not-found", path: "/no/such/page" },
];

/** A small company with work in it, and every page of it. */
export async function inside(anna: Person): Promise<Place[]> {
  const table = await anna.organization("Nordic Survey");
  const chair = await anna.organization("Harbour Works");
  await Promise.all([grantImages(table.org_id), grantImages(chair.org_id)]);
  await grantTeams(table.id);
  const south = await anna.post<{ id: string; root: string }>(`/orgs/${chair.org_id}/accounts`, { name: "Southern yard" });
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "folder", "A folder with a rather long name, as people give them when nobody stops them");
  await anna.create(table.root, "site", "Quarry North");
  await anna.create(table.root, "asset", "Bridge 7");
  const ready = await anna.create(table.root, "dataset", "Flight 1", 1_204);
  const draft = await anna.create(table.root, "dataset", "Flight 2", 88);
  const full = await anna.create(tunnels.id, "dataset", "Portal flight, week 46", 0);
  await upload(anna, full, { ...flight(12), "notes.txt": Buffer.from("what was seen") });
  await upload(anna, full, { "report.pdf": Buffer.from("%PDF-1.7 nothing more"), "map/ortho.tif": Buffer.from("II*\0 a map") }, "output");
  await anna.patch(`/datasets/${full.id}/files/5`, { left_out: true });
  const made = await anna.post<{ person: string }>(`/orgs/${table.org_id}/people`, {
    email: `mem.${unique()}@example.com`, first_name: "Mem", last_name: "Roth", role: "member",
  });
  await anna.put(`/resources/${tunnels.id}/grants`, { person: made.person, level: "editor" });
  const me = (await anna.get<{ id: string }>("/me")).id;
  const gone = await anna.create(table.root, "folder", "Old plans");
  await anna.post(`/resources/${gone.id}/trash`, {});
  const sent = await anna.create(table.root, "dataset", "Flight 3", 422);
  const empty = await anna.create(table.root, "folder", "Empty");
  await Promise.all([ready, sent].map((dataset) => setProcessed(dataset.id)));
  const receipt = await anna.move([sent], chair.root);
  const { items: licences } = await anna.get<{ items: { id: string; product: string }[] }>(`/orgs/${table.org_id}/licences`);
  const ledger = licences.find(({ product }) => product === "cloud_teams")?.id ?? "";
  await anna.post(`/orgs/${table.org_id}/billing/contacts`, { name: "Lena Lag", email: "lena@example.com", phone: "+46 8 123 45" });
  await anna.post(`/orgs/${table.org_id}/billing/requests`, {
    product: "cloud_pro", model: "credits", credits: 5_000, message: "From January on.", contact_name: "Anna Berg", contact_email: anna.email,
  });
  const bare = await anna.organization("Bare Rock");
  const late = await anna.organization("Late Payers");
  await operator("licence", "expire", await grantImages(late.org_id));
  const offered = await anna.create(table.root, "folder", "For somebody else");
  const offer = await anna.post<{ id: string }>("/offers", { items: [offered.id], target: chair.org_id, note: "As agreed" });
  const people = `/o/${table.org_id}/people`;
  const [dora, eric] = [`dora.${unique()}@example.com`, `eric.${unique()}@example.com`];
  await anna.post(`/orgs/${table.org_id}/invitations`, {
    invitations: [{ email: dora, name: "Dora Meier", role: "reader" }, { email: eric, role: "member", resource: tunnels.id, level: "editor" }],
  });
  const invitation = await invitationLink(anna.request, dora);
  const [desk, lent] = await Promise.all([grantDesktop(table.org_id, 3), grantImages(table.org_id)]);
  await anna.patch("/me", { default_organization: table.org_id });
  await anna.post(`/desktop/licences/${desk}/take`, { device: "Anna's desk" });
  const sharing = `${chair.org_id}/primary`;
  const loan = await anna.post<{ id: string }>(`/orgs/${table.org_id}/loans`, { licence: lent, sharing_id: sharing, until: "2030-12-31" });
  const [ortho, count] = [await publish(anna, table, "Ortho", { price: "processing", makesProcessed: true }), await publish(anna, table, "Counter")];
  const engine = await Engine.of(anna, table);
  const mapped = await anna.create(tunnels.id, "dataset", "Portal flight, week 48", 0);
  await uploadSurvey(anna, mapped);
  await anna.post(`/datasets/${mapped.id}/annotations`, { kind: "area", coordinates: [[8.5856, 46.6624], [8.586, 46.6624], [8.586, 46.6627]], name: "Roof" });
  await anna.post(`/datasets/${mapped.id}/annotations`, { kind: "text", coordinates: [[8.5858, 46.6628]], name: "Wet", colour: "blue" });
  const { url: shown } = await anna.post<{ url: string }>(`/resources/${mapped.id}/links`, {});
  const flown = await anna.create(table.root, "dataset", "Portal flight, week 47", 0);
  await upload(anna, flown, flight(2));
  const [failed, running] = [await start(anna, flown, count), await start(anna, flown, ortho)];
  const [lost, held] = [await engine.claim(count), await engine.claim(ortho)];
  await lost.say("fail", { kind: "input_error", message: "No photo has a position." });
  await held.say("heartbeat", { progress: 310, step: "Dense point cloud" });
  await held.log(1, [{ text: "running densify" }, { level: "warning", text: "DJI_0002.PNG: too few matches, left out" }, { level: "error", text: "out of disk" }]);
  const monitor = `/o/${table.org_id}/monitor`;
  const [published, refused] = [`ortho-${unique()}`, `withdrawn-${unique()}`];
  const option = { name: "quality", type: "enum", value: "low", domain: ["low", "high"], help: "How fine." };
  for (const slug of [published, refused]) {
    await anna.post(`/orgs/${table.org_id}/apps`, { slug, title: "Orthophoto", summary: "A map of what was flown.", price: "processing" });
    await anna.post(`/apps/${slug}/versions`, { label: "1.0", notes: "The first one.", options: [option], outputs: ["orthophoto", "report"] });
    await anna.patch(`/apps/${slug}`, { state: "published" });
  }
  await anna.put(`/apps/${published}/users/${chair.org_id}`, undefined);
  await anna.patch(`/apps/${refused}`, { state: "withdrawn" });
  const app = `/apps/${published}?org=${table.org_id}`;
  const asked = { subject: "The map of Portal flight stays grey", message: "Since today.\n\nOn every dataset of week 47.", org: table.org_id, page: `/o/${table.org_id}/drive` };
  const { number: ticket } = await anna.post<{ number: number }>("/support/tickets", asked);
  await operator("ticket", "answer", String(ticket), "--text", "Thank you for telling us.\nIt is fixed: reload the page.");
  await anna.post("/support/tickets", { subject: "A subject that is as long as people make it when they say all of it in one line", message: "More." });
  const seats = `/o/${table.org_id}/seats`;
  const loans = `/o/${table.org_id}/loans`;
  const drive = `/o/${table.org_id}/drive`;
  const items = `item=${ready.id}&item=${tunnels.id}`;
  return [
    { name: "welcome", path: "/" },
    { name: "new-organization", path: "/organizations/new" },
    { name: "home", path: `/o/${table.org_id}` },
    { name: "drive", path: drive },
    { name: "drive-folder", path: `${drive}/${tunnels.id}` },
    { name: "drive-empty", path: `${drive}/${empty.id}` },
    { name: "dataset", path: `${drive}/${ready.id}` },
    { name: "dataset-with-files", path: `${drive}/${full.id}` },
    { name: "dataset-images", path: `${drive}/${full.id}?tab=images` },
    { name: "dataset-images-selected", path: `${drive}/${full.id}?tab=images&item=3&item=4` },
    { name: "dataset-images-list", path: `${drive}/${full.id}?tab=images&view=list` },
    { name: "dataset-images-nothing-found", path: `${drive}/${full.id}?tab=images&find=nothing` },
    { name: "dataset-images-none", path: `${drive}/${draft.id}?tab=images` },
    { name: "dataset-results", path: `${drive}/${full.id}?tab=results` },
    { name: "viewer", path: `${drive}/${mapped.id}/view` },
    { name: "viewer-photo", path: `${drive}/${mapped.id}/view?layers=photos~footprints&photo=3` },
    { name: "viewer-by-link", path: `${new URL(shown).pathname}/view/${mapped.id}` },
    { name: "dialog-file", path: `${drive}/${full.id}?tab=images&file=5` },
    { name: "dialog-rename-file", path: `${drive}/${full.id}?tab=images&dialog=rename-file&item=3` },
    { name: "dialog-delete-files", path: `${drive}/${full.id}?tab=images&dialog=delete-files&item=3&item=4` },
    { name: "dialog-new-folder", path: `${drive}?dialog=new-folder` },
    { name: "dialog-new-dataset", path: `${drive}?dialog=new-dataset` },
    { name: "dialog-rename", path: `${drive}?dialog=rename&item=${ready.id}` },
    { name: "dialog-move-to", path: `${drive}?dialog=move&${items}` },
    { name: "dialog-move-to-other", path: `${drive}?dialog=move&${items}&to=${chair.org_id}` },
    { name: "dialog-move-to-new-folder", path: `${drive}?dialog=move&${items}&to=${chair.org_id}&new=folder` },
    { name: "dialog-confirm", path: `${drive}?dialog=transfer&item=${ready.id}&destination=${chair.root}` },
    { name: "dialog-in-the-way", path: `${drive}?dialog=transfer&item=${draft.id}&item=${tunnels.id}&destination=${chair.root}` },
    { name: "dialog-copy-to", path: `${drive}?dialog=copy&${items}` },
    { name: "dialog-assign", path: `${drive}?dialog=assign&item=${ready.id}` },
    { name: "drive-grid-with-details", path: `${drive}?view=grid&details=1` },
    { name: "dialog-share-copy", path: `${drive}?dialog=share-copy&${items}` },
    { name: "drive-search", path: `${drive}?q=flight` },
    { name: "drive-nothing-found", path: `${drive}?q=nothing` },
    { name: "drive-filtered-away", path: `${drive}?status=failed` },
    { name: "drive-menu", path: `${drive}?menu=${ready.id}` },
    { name: "dialog-access", path: `${drive}?dialog=access&item=${tunnels.id}` },
    { name: "dialog-access-why", path: `${drive}?dialog=access&item=${tunnels.id}&why=${me}` },
    { name: "dialog-access-why-member", path: `${drive}?dialog=access&item=${tunnels.id}&why=${made.person}` },
    { name: "dialog-access-roles", path: `${drive}?dialog=access&item=${tunnels.id}&show=roles` },
    { name: "drive-view-as", path: `${drive}/${tunnels.id}?as=${made.person}` },
    { name: "drive-view-as-shared", path: `${drive}?as=${made.person}` },
    { name: "dialog-share", path: `${drive}?dialog=share&item=${tunnels.id}` },
    { name: "dialog-restrictions", path: `${drive}?dialog=restrict&item=${tunnels.id}` },
    { name: "dialog-trash", path: `${drive}?dialog=trash&${items}` },
    { name: "trash", path: `${drive}/trash` },
    { name: "dialog-restore", path: `${drive}/trash?dialog=restore&item=${gone.id}` },
    { name: "dialog-delete-for-good", path: `${drive}/trash?dialog=delete&item=${gone.id}` },
    { name: "dialog-empty-trash", path: `${drive}/trash?dialog=empty` },
    { name: "receipt", path: `/o/${table.org_id}/transfers/${receipt.id}` },
    { name: "dialog-undo-transfer", path: `/o/${table.org_id}/transfers/${receipt.id}?dialog=undo` },
    { name: "transfers", path: `/o/${table.org_id}/transfers` },
    { name: "transfers-offers", path: `/o/${table.org_id}/transfers?show=offers&direction=out` },
    { name: "offer-made", path: `/o/${table.org_id}/offers/${offer.id}` },
    { name: "offer-received", path: `/o/${chair.org_id}/offers/${offer.id}` },
    { name: "home-with-an-offer", path: `/o/${chair.org_id}` },
    { name: "dialog-offer", path: `${drive}?dialog=offer&item=${ready.id}` },
    { name: "dialog-offer-in-the-way", path: `${drive}?dialog=offer&item=${draft.id}` },
    { name: "apps", path: `/o/${table.org_id}/apps` },
    { name: "apps-none", path: `/o/${bare.org_id}/apps` },
    { name: "apps-usable", path: `/apps?org=${table.org_id}` },
    { name: "dialog-new-app", path: `/o/${table.org_id}/apps?dialog=new-app` },
    { name: "app", path: app },
    { name: "app-withdrawn", path: `/apps/${refused}` },
    { name: "app-new-version", path: `/apps/${published}/new-version?org=${table.org_id}` },
    { name: "dialog-edit-app", path: `${app}&dialog=edit` },
    { name: "dialog-withdraw-app", path: `${app}&dialog=withdraw` },
    { name: "dialog-limits", path: `${people}?dialog=limits&person=${made.person}` },
    { name: "support", path: `/support?org=${table.org_id}` },
    { name: "support-new", path: `/support/new?org=${table.org_id}&page=${encodeURIComponent(monitor)}&request=0198c0de-0000-7000-8000-000000000000` },
    { name: "support-ticket", path: `/support/${ticket}?org=${table.org_id}` },
    { name: "support-nobodys", path: "/support/999999" },
    { name: "account", path: "/account" },
    { name: "account-security", path: "/account/security" },
    { name: "account-privacy", path: "/account/privacy" },
    { name: "people", path: people },
    { name: "people-nobody-found", path: `${people}?q=nobody` },
    { name: "dialog-invite", path: `${people}?dialog=invite&email=eve@example.com` },
    { name: "dialog-create-account", path: `${people}?dialog=create` },
    { name: "dialog-remove", path: `${people}?dialog=remove&item=${(await anna.get<{ id: string }>("/me")).id}` },
    { name: "invitations", path: `${people}/invitations` },
    { name: "invitations-declined", path: `${people}/invitations?status=declined` },
    { name: "invitation-for-somebody-else", path: invitation },
    { name: "roles", path: `/o/${table.org_id}/roles` },
    { name: "licences", path: `/o/${table.org_id}/licences` },
    { name: "ledger", path: `/o/${table.org_id}/licences/${ledger}` },
    { name: "ledger-nothing-found", path: `/o/${table.org_id}/licences/${ledger}?kind=refund` },
    { name: "billing", path: `/o/${table.org_id}/billing` },
    { name: "dialog-contact-sales", path: `/o/${table.org_id}/billing?dialog=contact-sales` },
    { name: "dialog-billing-contact", path: `/o/${table.org_id}/billing?dialog=contact` },
    { name: "licences-none", path: `/o/${bare.org_id}/licences` },
    { name: "drive-expired", path: `/o/${late.org_id}/drive` },
    { name: "dataset-to-be-paid", path: `${drive}/${draft.id}` },
    { name: "monitor", path: monitor },
    { name: "monitor-of-a-dataset", path: `${monitor}?dataset=${flown.id}&person=me` },
    { name: "monitor-nothing-found", path: `${monitor}?state=done` },
    { name: "monitor-empty", path: `/o/${bare.org_id}/monitor` },
    { name: "job-running", path: `${monitor}/${running}` },
    { name: "job-failed", path: `${monitor}/${failed}` },
    { name: "dialog-cancel-job", path: `${monitor}/${running}?dialog=cancel` },
    { name: "dialog-run-again", path: `${monitor}/${failed}?dialog=again` },
    { name: "dataset-jobs", path: `${drive}/${flown.id}?tab=jobs` },
    { name: "dataset-jobs-none", path: `${drive}/${draft.id}?tab=jobs` },
    { name: "dialog-process", path: `${drive}/${draft.id}?dialog=process&app=${ortho.slug}` },
    { name: "activity", path: `/o/${table.org_id}/activity` },
    { name: "activity-nothing-found", path: `/o/${table.org_id}/activity?action=role.changed` },
    { name: "seats", path: seats },
    { name: "seats-none", path: `/o/${chair.org_id}/seats` },
    { name: "dialog-give-seat", path: `${seats}?dialog=give&licence=${desk}` },
    { name: "dialog-release-seat", path: `${seats}?dialog=free&licence=${desk}&person=${me}` },
    { name: "loans", path: loans },
    { name: "loans-borrowed", path: `/o/${chair.org_id}/loans` },
    { name: "dialog-lend", path: `${loans}?dialog=lend` },
    { name: "dialog-call-back", path: `${loans}?dialog=end&about=${loan.id}` },
    { name: "settings-organization", path: `/o/${table.org_id}/settings` },
    { name: "settings-details", path: `/o/${table.org_id}/settings/details` },
    { name: "settings-accounts", path: `/o/${table.org_id}/settings/accounts` },
    { name: "settings-accounts-several", path: `/o/${chair.org_id}/settings/accounts` },
    { name: "dialog-new-account", path: `/o/${chair.org_id}/settings/accounts?dialog=new` },
    { name: "dialog-change-account", path: `/o/${chair.org_id}/settings/accounts?dialog=change&item=${south.id}` },
    { name: "dialog-delete-account", path: `/o/${chair.org_id}/settings/accounts?dialog=delete&item=${south.id}` },
    { name: "drive-of-account", path: `/o/${chair.org_id}/drive/${south.root}` },
    { name: "settings-security", path: `/o/${table.org_id}/settings/security` },
    { name: "settings-keys", path: `/o/${table.org_id}/settings/keys` },
    { name: "dialog-new-key", path: `/o/${table.org_id}/settings/keys?dialog=new-key` },
    { name: "settings-danger", path: `/o/${table.org_id}/settings/danger` },
    { name: "dialog-delete-organization", path: `/o/${table.org_id}/settings/danger?dialog=delete` },
    { name: "drive-nothing-selected", path: `${drive}?dialog=move` },
    { name: "no-such-organization", path: "/o/no-such-organization" },
  ];
}

/** Nothing moves any more: animations are done and the page has said what it had to say. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))));
}
