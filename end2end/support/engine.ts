// Apps and an engine over REST (JOB-6), as a program that processes takes jobs: so tests see the whole path of a job.
import { type APIRequestContext, expect } from "@playwright/test";
import { type Organization, type Person, unique } from "./api";

export interface App {
  slug: string;
  title: string;
}

/** Publishes an app of an organization, with one version; its slug is its own. */
export async function publish(by: Person, org: Organization, title: string, { price = "free", makesProcessed = false } = {}): Promise<App> {
  const slug = `${title.toLowerCase().replace(/[^a-z]+/g, "-")}-${unique()}`;
  await by.post(`/orgs/${org.org_id}/apps`, { slug, title, summary: `What ${title} does.`, price, makes_processed: makesProcessed });
  await by.post(`/apps/${slug}/versions`, {
    label: "1.0",
    options: [
      { name: "quality", type: "enum", value: "low", domain: ["low", "high"], help: "How fine the result is." },
      { name: "tile-size", type: "int", value: 4 },
      { name: "fast", type: "bool", value: true },
    ],
    outputs: ["report", "orthophoto"],
    timeout_minutes: 60,
  });
  await by.patch(`/apps/${slug}`, { state: "published" });
  return { slug, title };
}

const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}`, "X-Requested-With": "commonhold" });

interface Claim {
  job: string;
  lease: string;
  token: string;
  options: Record<string, string>;
}

interface Planned {
  items: { upload: { url: string } | null }[];
}

/** A job that an engine is at. */
export class Held {
  constructor(
    private readonly request: APIRequestContext,
    readonly claim: Claim,
  ) {}

  /** A call about the job, under its lease. */
  async say<T>(what: string, body: Record<string, unknown> = {}): Promise<T> {
    const answer = await this.request.post(`/api/v1/engine/jobs/${this.claim.job}/${what}`, {
      headers: bearer(this.claim.token),
      data: { ...body, lease: this.claim.lease },
    });
    if (!answer.ok()) throw new Error(`${what}: ${answer.status()} ${await answer.text()}`);
    const text = await answer.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  log(first: number, lines: { level?: string; text: string }[]): Promise<unknown> {
    return this.say("log", { first, lines });
  }

  /** Writes a result, of which nobody sees anything before the job is complete. */
  async write(path: string, role: string, content: Buffer): Promise<void> {
    const { items } = await this.say<Planned>("outputs", { outputs: [{ path, role, bytes: content.length }] });
    const answer = await this.request.fetch(items[0]?.upload?.url ?? "", {
      method: "PATCH",
      headers: {
        ...bearer(this.claim.token),
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
      },
      data: content,
    });
    expect(answer.status(), path).toBe(204);
  }
}

/** A program with a key that takes jobs of its organization's apps. */
export class Engine {
  private constructor(
    private readonly request: APIRequestContext,
    private readonly token: string,
  ) {}

  static async of(by: Person, org: Organization): Promise<Engine> {
    const key = await by.post<{ client_id: string; client_secret: string }>(`/orgs/${org.org_id}/keys`, { name: "Farm", scopes: ["engine"] });
    const form = { grant_type: "client_credentials", client_id: key.client_id, client_secret: key.client_secret };
    const answer = await by.request.post("/oauth/token", { form });
    expect(answer.status()).toBe(200);
    return new Engine(by.request, ((await answer.json()) as { access_token: string }).access_token);
  }

  /** Takes the next job of an app. */
  async claim(app: App): Promise<Held> {
    const answer = await this.request.post("/api/v1/engine/claim", { headers: bearer(this.token), data: { apps: [app.slug] } });
    expect(answer.status(), `a job of ${app.slug}`).toBe(200);
    return new Held(this.request, (await answer.json()) as Claim);
  }
}

/** Starts an app on a dataset; the job's id. */
export async function start(by: Person, dataset: { id: string }, app: App): Promise<string> {
  return (await by.post<{ id: string }>(`/datasets/${dataset.id}/jobs`, { app: app.slug })).id;
}
