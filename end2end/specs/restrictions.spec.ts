// Restrictions (POL-1): set in the dialog, said on the page, fixed further down.
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { Drive } from "../support/pages";

test("POL-1 what is restricted is said where it counts, with where it comes from", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "folder", "North");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.more("Tunnels", "Restrictions");
  const dialog = page.getByRole("dialog", { name: "Restrictions", exact: true });
  await dialog.getByRole("group", { name: "Who may delete it" }).getByLabel("Managers only").check();
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(dialog).toBeHidden();

  await drive.enter("Tunnels");
  await expect(page.getByText("Only Managers can delete this: set here.")).toBeVisible();
  await drive.more("North", "Restrictions");
  await expect(dialog.getByText("Managers only, set on “Tunnels”")).toBeVisible();
  await expect(dialog.getByRole("group", { name: "Who may copy it" })).toBeVisible();
  await expect(dialog.getByRole("group", { name: "Who may delete it" })).toHaveCount(0);

  const { person, page: theirs } = await someoneElse("Chris");
  await join(table, anna, person, "editor");
  await theirs.goto(`/o/${table.org_id}/drive/${tunnels.id}`);
  await expect(theirs.getByText("Only Managers can delete this: set here.")).toBeVisible();
});
