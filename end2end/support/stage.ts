// Brings about what is in the way of a transfer, and clears it, in the words of transfers.json: the same table is played
// over REST by tests/it/model_based/blockers.rs.
import type { Organization, Person, Resource } from "./api";
import { invitationLink } from "./inbox";
import { join, type Role } from "./members";
import { operator, setProcessed } from "./operator";
import table from "./transfers.json";

export { table };

type Side = "source" | "target";
type Step = string[];
type SomeoneElse = (firstName: string) => Promise<{ person: Person }>;

interface Placed {
  id: string;
  side: Side;
}

const long = "x".repeat(255);
const named = (word: string): string => (word.startsWith("{long") ? long : word);

export class Stage {
  private readonly items = new Map<string, Placed>();
  private readonly licences: Record<Side, string[]> = { source: [], target: [] };
  private cora: Person | undefined;
  to = "target";

  private constructor(
    private readonly anna: Person,
    private readonly founders: Record<Side, Person>,
    readonly orgs: Record<Side, Organization>,
    private readonly someoneElse: SomeoneElse,
  ) {}

  /** Two organizations: Anna's own, or somebody else's in which she has this role, or none. */
  static async of(anna: Person, someoneElse: SomeoneElse, roles: { source?: string; target?: string } = {}): Promise<Stage> {
    const side = async (name: string, role: string | undefined) => {
      const founder = role === undefined ? anna : (await someoneElse("Olga")).person;
      const org = await founder.organization(name);
      if (role !== undefined && role !== "outside") await join(org, founder, anna, role as Role);
      return { founder, org };
    };
    const [source, target] = [await side("Table", roles.source), await side("Chair", roles.target)];
    return new Stage(anna, { source: source.founder, target: target.founder }, { source: source.org, target: target.org }, someoneElse);
  }

  id(name: string): string {
    const item = this.items.get(name);
    if (!item) throw new Error(`there is no ${name}`);
    return item.id;
  }

  private place(name: string): Placed {
    return name === "source" || name === "target" ? { id: this.orgs[name].root, side: name } : { id: this.id(name), side: this.items.get(name)?.side ?? "source" };
  }

  destination(): string {
    return this.place(this.to).id;
  }

  says(words: string): string {
    return words.replaceAll("{source}", this.orgs.source.name).replaceAll("{target}", this.orgs.target.name);
  }

  /** The dialog for these items and the destination. */
  address(items: string[]): string {
    const selected = items.map((name) => `&item=${this.id(name)}`).join("");
    return `/o/${this.orgs.source.org_id}/drive?dialog=transfer${selected}&destination=${this.destination()}`;
  }

  /** What is left of a side's newest licence: images, projects, credits. */
  async left(side: Side): Promise<number[]> {
    type Total = { total: number; used: number } | null;
    type Shown = { id: string; images: Total; projects: Total; credits: number | null };
    const { items } = await this.founders[side].get<{ items: Shown[] }>(`/orgs/${this.orgs[side].org_id}/licences`);
    const newest = items.find((licence) => licence.id === this.licences[side].at(-1));
    const left = (total: Total | undefined) => (total ? total.total - total.used : 0);
    return [left(newest?.images), left(newest?.projects), newest?.credits ?? 0];
  }

  async steps(steps: Step[]): Promise<void> {
    for (const step of steps) await this.step(step);
  }

  private async step([verb = "", ...words]: Step): Promise<void> {
    const [first = "", second = "", third = "", fourth = ""] = words;
    const side = first as Side;
    switch (verb) {
      case "flight":
        return this.steps([["create", "source", "folder", "Tunnels"], ["create", "Tunnels", "dataset", "Flight", "60"], ["processed", "Flight"]]);
      case "ready":
        return this.steps([...["source", "target"].map((side) => ["licence", side, "cloud-pro", "images-projects", "1000", "10"]), ["flight"]]);
      case "licence": {
        const amounts = third === "credits" ? ["--credits", fourth] : ["--images", fourth, "--projects", words[4] ?? "0"];
        this.licences[side].push(await operator("licence", "grant", "--org", this.orgs[side].org_id, "--product", second, "--model", third, ...amounts));
        return;
      }
      case "expire":
        await operator("licence", "expire", this.licences[side].at(-1) ?? "");
        return;
      case "create":
        await this.create(first, second as Resource["kind"], third, fourth);
        return;
      case "chain": {
        let at = first;
        for (let level = 1; level <= Number(second); level += 1) {
          const next = level === Number(second) ? third : `Level ${level}`;
          await this.create(at, "folder", next, "");
          at = next;
        }
        return;
      }
      case "processed":
        await setProcessed(this.id(first));
        return;
      case "share":
        await this.anna.post(`/resources/${this.id(first)}/links`, {});
        return;
      case "rename":
        await this.anna.patch(`/resources/${this.id(first)}`, { name: second });
        return;
      case "unassign":
        await this.anna.post(`/resources/${this.id(first)}/unassign`, {});
        return;
      case "role": {
        const { id } = await this.anna.get<{ id: string }>("/me");
        await this.founders[side].patch(`/orgs/${this.orgs[side].org_id}/people/${id}`, { role: second });
        return;
      }
      case "outside": {
        const place = this.place(first);
        await this.founders[place.side].put(`/resources/${place.id}/grants`, { email: this.anna.email, level: "editor" });
        return this.accept();
      }
      case "invite":
        await this.founders[side].post(`/orgs/${this.orgs[side].org_id}/invitations`, { invitations: [{ email: this.anna.email, role: second }] });
        return;
      case "accept":
        return this.accept();
      case "colleague":
        this.cora = (await this.someoneElse("Cora")).person;
        await join(this.orgs[side], this.founders[side], this.cora, "member");
        return;
      case "give":
        await this.anna.put(`/resources/${this.id(first)}/grants`, { email: this.cora?.email, level: "reader" });
        return;
      case "take": {
        type Given = { source: string; grant: string | null };
        const { items } = await this.anna.get<{ items: Given[] }>(`/resources/${this.id(first)}/access`);
        for (const { grant } of items.filter((given) => given.source === "direct")) await this.anna.delete(`/resources/${this.id(first)}/grants/${grant}`);
        return;
      }
      case "to":
        this.to = first;
        return;
      default:
        throw new Error(`no such step: ${verb}`);
    }
  }

  private async create(container: string, kind: Resource["kind"], word: string, images: string): Promise<void> {
    const { id: parent, side } = this.place(container);
    const made = await this.founders[side].create(parent, kind as Exclude<Resource["kind"], "root">, named(word), images === "" ? undefined : Number(images));
    this.items.set(word, { id: made.id, side });
  }

  /** Accepts the newest invitation. */
  private async accept(): Promise<void> {
    const token = (await invitationLink(this.anna.request, this.anna.email)).split("/").pop();
    await this.anna.post("/invitations/accept", { token });
  }
}
