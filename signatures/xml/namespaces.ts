/** Namespace names of the standards in use. */
export const XML_NS = "http://www.w3.org/XML/1998/namespace";
export const XMLNS_NS = "http://www.w3.org/2000/xmlns/";
export const DS_NS = "http://www.w3.org/2000/09/xmldsig#";
export const DSIG11_NS = "http://www.w3.org/2009/xmldsig11#";
export const DSIG_MORE_NS = "http://www.w3.org/2007/05/xmldsig-more#";
export const EXC_C14N_NS = "http://www.w3.org/2001/10/xml-exc-c14n#";
export const FILTER2_NS = "http://www.w3.org/2002/06/xmldsig-filter2";
export const WSU_NS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/** XAdES namespaces: 1.3.2 is in use, 1.4.1 adds to it (EN 319 132-1), the older ones occur in archives. */
export const XADES_132_NS = "http://uri.etsi.org/01903/v1.3.2#";
export const XADES_141_NS = "http://uri.etsi.org/01903/v1.4.1#";
export const XADES_122_NS = "http://uri.etsi.org/01903/v1.2.2#";
export const XADES_111_NS = "http://uri.etsi.org/01903/v1.1.1#";

/** True for every namespace in which QualifyingProperties may stand. */
export function isXadesNamespace(uri: string): boolean {
  return uri === XADES_132_NS || uri === XADES_141_NS || uri === XADES_122_NS || uri === XADES_111_NS;
}
