/** Of the API that the document describes; raised when a member or a route is added, or changes. */
export const API_VERSION = "1.0.0";
