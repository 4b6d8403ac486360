import { DurableObject } from "cloudflare:workers";
export class ViewerLimits extends DurableObject<Env> {}
export class RevocationList extends DurableObject<Env> {}
export default { fetch: () => new Response("x") };
