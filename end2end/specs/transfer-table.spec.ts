// Every pair of models, and everything that can be in the way of a transfer, from the table that the REST tests play as
// well. Arranged over the API and the operator's command line; each goes through the dialog once.
import { expect, test } from "../support/fixture";
import { Confirmation, section } from "../support/pages";
import { Stage, table } from "../support/stage";

const sides = ["source", "target"] as const;

for (const { rule, pair, given, items, blocker, left, home, shown: figures } of table.pairs) {
  test(`${rule} ${pair}: the books of both sides, before and after`, async ({ page, anna, someoneElse }) => {
    const stage = await Stage.of(anna, someoneElse);
    await stage.steps(given);
    for (const side of sides) expect(await stage.left(side), `${side} before`).toEqual(left[side].before);

    await page.goto(stage.address(items));
    const confirmation = new Confirmation(page);
    await expect(confirmation.dialog).toBeVisible();
    if (blocker !== undefined) {
      await expect(confirmation.blockers.getByRole("listitem")).toHaveCount(1);
      await expect(confirmation.button).toHaveCount(0);
    } else {
      await expect(confirmation.blockers).toHaveCount(0);
      for (const figure of sides.flatMap((side) => figures?.[side] ?? [])) await expect(confirmation.dialog).toContainText(figure);
      await confirmation.button.click();
      // The receipt says the same, for both organizations; both activity logs have one line about it.
      await expect(page).toHaveURL(/\/transfers\//);
      const receipt = new URL(page.url()).pathname.split("/").at(-1);
      for (const side of sides) {
        const org = stage.orgs[side];
        await page.goto(`/o/${org.org_id}/transfers/${receipt}`);
        const changed = section(page, "What changed");
        for (const figure of sides.flatMap((side) => figures?.[side] ?? [])) await expect(changed).toContainText(figure);
        const told = (await anna.audit(org)).filter((entry) => entry.action.startsWith("transfer."));
        expect(told.map((entry) => entry.action)).toEqual([side === "source" ? "transfer.sent" : "transfer.received"]);
        await page.goto(`/o/${org.org_id}/activity`);
        await expect(page.getByRole("main")).toContainText(stage.orgs[side === "source" ? "target" : "source"].name);
      }
    }
    for (const side of sides) {
      expect(await stage.left(side), `${side} after`).toEqual(left[side].after);
      // And on each side's own page.
      await page.goto(`/o/${stage.orgs[side].org_id}`);
      await expect(section(page, "Licences")).toContainText(home[side]);
    }
  });
}

for (const { code, rule, given, items = ["Tunnels"], to = "target", says, clear, ...roles } of table.blockers) {
  test(`${rule} ${code}: told, cleared, and then the transfer is made`, async ({ page, anna, someoneElse }) => {
    const stage = await Stage.of(anna, someoneElse, roles);
    await stage.steps(given);
    stage.to = to;
    const before = await Promise.all(items.map((name) => anna.resource(stage.id(name))));

    await page.goto(stage.address(items));
    const confirmation = new Confirmation(page);
    await expect(confirmation.blockers).toContainText(stage.says(says));
    await expect(confirmation.blockers.getByRole("listitem")).toHaveCount(1);
    await expect(confirmation.button).toHaveCount(0);
    for (const item of before) expect((await anna.resource(item.id)).parent, "nothing moved").toBe(item.parent);

    await stage.steps(clear);
    await page.goto(stage.address(items));
    await expect(confirmation.button).toBeEnabled();
    await expect(confirmation.blockers).toHaveCount(0);
    await confirmation.button.click();
    await expect(confirmation.dialog).toBeHidden();
    for (const item of before) await expect.poll(async () => (await anna.resource(item.id)).parent).toBe(stage.destination());
  });
}
