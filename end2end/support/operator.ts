// The operator's command line, on the database that the tested server uses.
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

export const root = resolve(__dirname, "../..");
/** The server under test; another build of it may be named instead. */
export const program = process.env["COMMONHOLD_PROGRAM"] ?? resolve(root, "target/release/commonhold");

export async function operator(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: root, env: process.env });
  return stdout.trim();
}

export interface Allowance {
  images: number;
  projects: number;
}

/** Gives an organization a Cloud Pro licence with an allowance of images and projects; its id. */
export function grantImages(org: string, { images, projects }: Allowance = { images: 20_000, projects: 50 }): Promise<string> {
  const amounts = ["--images", String(images), "--projects", String(projects)];
  return operator("licence", "grant", "--org", org, "--product", "cloud-pro", "--model", "images-projects", ...amounts, "--until", "2099-12-31");
}

/** Gives an organization a Cloud Pro licence with credits; its id. */
export function grantCredits(org: string, credits = 5_000): Promise<string> {
  return operator("licence", "grant", "--org", org, "--product", "cloud-pro", "--model", "credits", "--credits", String(credits), "--until", "2099-12-31");
}

/** Gives an organization a Cloud Teams licence: Members, and access to single items (LIC-4); its id. */
export function grantTeams(org: string): Promise<string> {
  const amounts = ["--images", "10000", "--projects", "100"];
  return operator("licence", "grant", "--org", org, "--product", "cloud-teams", "--model", "images-projects", ...amounts, "--until", "2099-12-31");
}

/** Gives an organization a desktop licence with seats; its id. */
export function grantDesktop(org: string, seats: number): Promise<string> {
  return operator("licence", "grant", "--org", org, "--product", "desktop", "--seats", String(seats), "--until", "2099-12-31");
}

export function setProcessed(dataset: string): Promise<string> {
  return operator("dataset", "set-status", dataset, "processed");
}
