// A client whose types were made from the OpenAPI document: it signs in with a credential key, and lists a folder. What is not in
// the document does not compile. Called by check.mjs: node list.js URL CLIENT_ID CLIENT_SECRET ORG
import createClient from "openapi-fetch";
import type { paths } from "./openapi.js";

const [url = "", id = "", secret = "", org = ""] = process.argv.slice(2);

const anonymous = createClient<paths>({ baseUrl: url });
const token = await anonymous.POST("/oauth/token", {
  body: { grant_type: "client_credentials", client_id: id, client_secret: secret },
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: (form) => new URLSearchParams(form as Record<string, string>),
});
if (token.data === undefined) throw new Error(`no token: ${token.response.status}`);

const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token.data.access_token}` } });
const organization = await client.GET("/api/v1/orgs/{org}", { params: { path: { org } } });
const root = organization.data?.accounts[0]?.root;
if (root === undefined) throw new Error(`no Drive: ${organization.error?.detail ?? organization.response.status}`);
const made = await client.POST("/api/v1/resources", { body: { parent: root, kind: "folder", name: "By TypeScript" } });
if (made.data === undefined) throw new Error(`no folder: ${made.error?.detail ?? made.response.status}`);
const list = await client.GET("/api/v1/resources/{id}/children", { params: { path: { id: root }, query: { limit: 10 } } });
if (list.data === undefined) throw new Error(`no list: ${list.error?.detail ?? list.response.status}`);
// A refusal has its type as well.
const refused = await client.GET("/api/v1/me");
if (refused.error?.code !== "forbidden") throw new Error(`a key has no /me: ${refused.response.status}`);
console.log(JSON.stringify(list.data.items.map((item) => item.name)));
