import chromiumCallAnswer from "../../../vectors/sdp/chromium-call-answer.sdp?raw";
import chromiumCallOffer from "../../../vectors/sdp/chromium-call-offer.sdp?raw";
import chromiumMaxBundle from "../../../vectors/sdp/chromium-max-bundle-offer.sdp?raw";
import chromiumReceiveAnswer from "../../../vectors/sdp/chromium-recvonly-answer.sdp?raw";
import chromiumReceiveOffer from "../../../vectors/sdp/chromium-recvonly-offer.sdp?raw";
import chromiumRestart from "../../../vectors/sdp/chromium-call-restart-offer.sdp?raw";
import chromiumSendAnswer from "../../../vectors/sdp/chromium-whip-answer.sdp?raw";
import chromiumSendOffer from "../../../vectors/sdp/chromium-whip-offer.sdp?raw";
import firefoxAnswer from "../../../vectors/sdp/firefox-answer.sdp?raw";
import firefoxBundleOnly from "../../../vectors/sdp/firefox-bundle-only-offer.sdp?raw";
import firefoxOffer from "../../../vectors/sdp/firefox-offer.sdp?raw";
import firefoxRejecting from "../../../vectors/sdp/firefox-rejecting-answer.sdp?raw";
import safariAnswer from "../../../vectors/sdp/safari-answer.sdp?raw";
import safariOffer from "../../../vectors/sdp/safari-offer.sdp?raw";
import weriftAnswer from "../../../vectors/sdp/werift-answer.sdp?raw";
import weriftOffer from "../../../vectors/sdp/werift-offer.sdp?raw";

// Chromium 156 and werift 0.24.4 as they wrote them; Firefox and Safari in the lines and order of theirs, with values of our own.
export const offers = {
	"Chromium, a call with data": chromiumCallOffer,
	"Chromium, an ICE restart": chromiumRestart,
	"Chromium, max-bundle": chromiumMaxBundle,
	"Firefox, a call with data": firefoxOffer,
	"Firefox, bundle-only sections": firefoxBundleOnly,
	"Safari, a call with data": safariOffer,
	werift: weriftOffer,
};
export const answers = {
	"Chromium, a call with data": chromiumCallAnswer,
	"Firefox, a call with data": firefoxAnswer,
	"Firefox, a rejected section": firefoxRejecting,
	"Safari, a call with data": safariAnswer,
	werift: weriftAnswer,
};
export { chromiumCallOffer, chromiumReceiveAnswer, chromiumReceiveOffer, chromiumSendAnswer, chromiumSendOffer };
