// The REST API as one person uses it: tests bring about with it what they are not about.
import { type APIRequestContext, expect } from "@playwright/test";
import { randomBytes } from "node:crypto";
import { linkTo } from "./inbox";

export type Kind = "folder" | "site" | "asset" | "dataset";

export interface Organization {
  id: string;
  org_id: string;
  name: string;
  /** The resource id of its Drive's root. */
  root: string;
}

export interface Resource {
  id: string;
  kind: Kind | "root";
  name: string;
  organization: string;
  parent: string | null;
}

export interface Balance {
  images_before: number;
  images_after: number;
  projects_before: number;
  projects_after: number;
}

export interface Plan {
  blockers: { code: string; name?: string; message: string }[];
  effects: { source: Balance; target: Balance } | null;
  digest: string;
}

export interface Licence {
  id: string;
  product: string;
  images: { total: number; used: number } | null;
  projects: { total: number; used: number } | null;
}

export interface Entry {
  action: string;
  summary?: string;
}

/** Something that no other test uses: names are unique in a folder, emails everywhere. */
export const unique = (): string => randomBytes(4).toString("hex");

export class Person {
  readonly firstName: string;
  readonly lastName = "Berg";
  readonly email: string;
  readonly password: string;

  constructor(
    readonly request: APIRequestContext,
    firstName = "Anna",
  ) {
    this.firstName = firstName;
    this.email = `${firstName.toLowerCase()}.${unique()}@example.com`;
    this.password = `quarry-lantern-${unique()}`;
  }

  private async send<T>(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, data?: unknown): Promise<T> {
    // What a browser says by itself about where a request comes from, this header says for us (api.md).
    const headers = { "X-Requested-With": "commonhold" };
    const answer = await this.request.fetch(`/api/v1${path}`, { method, headers, ...(data === undefined ? {} : { data }) });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    const text = await answer.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  get<T>(path: string): Promise<T> {
    return this.send("GET", path);
  }

  post<T>(path: string, data: unknown): Promise<T> {
    return this.send("POST", path, data);
  }

  patch<T>(path: string, data: unknown): Promise<T> {
    return this.send("PATCH", path, data);
  }

  put<T>(path: string, data: unknown): Promise<T> {
    return this.send("PUT", path, data);
  }

  delete(path: string): Promise<void> {
    return this.send("DELETE", path);
  }

  /** AUTH-1, AUTH-2. Afterwards this person is signed in, and their address is verified unless the story is about that. */
  async signUp({ verified = true } = {}): Promise<this> {
    await this.post("/signup", { first_name: this.firstName, last_name: this.lastName, email: this.email, password: this.password });
    if (verified) {
      const token = (await linkTo(this.request, this.email, "/verify")).split("token=")[1];
      await this.post("/email/verify", { token });
    }
    return this;
  }

  /** ORG-1. The name gets a suffix, so that its Org ID is free. */
  async organization(name: string): Promise<Organization> {
    type Created = Omit<Organization, "root"> & { accounts: { root: string }[] };
    const { accounts, ...made } = await this.post<Created>("/orgs", { name: `${name} ${unique()}`, kind: "business", country: "SE" });
    const root = accounts[0]?.root;
    expect(root, "a new organization has an account with a root").toBeTruthy();
    return { ...made, root: root as string };
  }

  create(parent: string, kind: Kind, name: string, images?: number): Promise<Resource> {
    return this.post("/resources", { parent, kind, name, ...(kind === "dataset" ? { dataset: { images: images ?? 100 } } : {}) });
  }

  resource(id: string): Promise<Resource> {
    return this.get(`/resources/${id}`);
  }

  async names(container: string): Promise<string[]> {
    const { items } = await this.get<{ items: Resource[] }>(`/resources/${container}/children`);
    return items.map((item) => item.name).sort();
  }

  plan(items: Resource[], destination: string): Promise<Plan> {
    return this.post("/transfers/plan", { items: items.map((item) => item.id), destination });
  }

  move(items: Resource[], destination: string): Promise<{ id: string }> {
    return this.post("/transfers", { items: items.map((item) => item.id), destination });
  }

  /** The licence with an allowance, of an organization that was given one. */
  async allowance(org: Organization): Promise<{ images: { total: number; used: number }; projects: { total: number; used: number } }> {
    const { items } = await this.get<{ items: Licence[] }>(`/orgs/${org.org_id}/licences`);
    const licence = items.find((licence) => licence.product === "cloud_pro");
    if (!licence?.images || !licence.projects) throw new Error(`${org.name} has no allowance`);
    return { images: licence.images, projects: licence.projects };
  }

  async audit(org: Organization): Promise<Entry[]> {
    return (await this.get<{ items: Entry[] }>(`/orgs/${org.org_id}/audit`)).items;
  }
}
