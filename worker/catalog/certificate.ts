const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What a certificate has to be in a record. */
export const CERTIFICATE_RULE = "must be a certificate: base64 of its DER bytes, or PEM";

/** The bytes of a certificate as records hold it: base64 of DER, wrapped or not, or PEM with one certificate. Null when it is neither. */
export function certificateBytes(text: string): Uint8Array | null {
	const base64 = (PEM.exec(text)?.[1] ?? text).replaceAll(/\s+/g, "");
	return base64 !== "" && BASE64.test(base64) ? Buffer.from(base64, "base64") : null;
}
