import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const secrets = {
	ADMIN_TOKEN: "test-admin-token",
	GRANT_SECRET: "test-grant-secret",
	CONTENT_SECRET: "test-content-secret",
};
Object.assign(process.env, secrets); // `secrets.required` of wrangler.toml looks here

export default defineConfig({
	root: new URL("..", import.meta.url).pathname,
	test: {
		projects: [
			{
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./wrangler.toml" },
						miniflare: {
							bindings: { ...secrets, ENVIRONMENT: "local", TRUST_CLIENT_HEADERS: "true", DECISION_LOG: "none" },
						},
					}),
				],
				test: {
					name: "worker",
					include: ["test/worker/**/*.test.ts"],
					restoreMocks: true,
				},
			},
			{
				test: {
					name: "node",
					include: ["test/*.test.ts", "test/kv-seed/**/*.test.ts", "test/e2e/**/*.test.ts", "test/sim/**/*.test.ts"],
					environment: "node",
					testTimeout: 60_000,
					hookTimeout: 120_000,
				},
			},
		],
	},
});
