import { lookupNotice } from "./lookup-notice.ts";
import { portal } from "./portal.ts";

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no #app");
portal(root);
lookupNotice(root, window);
