import java.io.File;
import java.io.FileInputStream;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Judges every XML signature of some files by the JDK's own implementation (Apache Santuario, with a canonicaliser of its own): core
 * validation, and the path of the certificate in KeyInfo to an anchor, without revocation. Arguments: ANCHORS.pem FILE…
 * Prints a line each, file by file in document order: Id and whether it holds.
 */
public class JdkXmlSignatures {
  public static void main(String[] args) throws Exception {
    Set<TrustAnchor> anchors = new HashSet<>();
    try (FileInputStream in = new FileInputStream(args[0])) {
      for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in))
        anchors.add(new TrustAnchor((X509Certificate) certificate, null));
    }
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    for (int i = 1; i < args.length; i++) judge(factory.newDocumentBuilder().parse(new File(args[i])), anchors);
  }

  private static void judge(Document document, Set<TrustAnchor> anchors) {
    NodeList all = document.getElementsByTagName("*");
    for (int i = 0; i < all.getLength(); i++) {
      Element element = (Element) all.item(i);
      if (element.hasAttribute("Id")) element.setIdAttribute("Id", true);
    }
    NodeList signatures = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
    for (int i = 0; i < signatures.getLength(); i++) {
      Element element = (Element) signatures.item(i);
      System.out.println(element.getAttribute("Id") + " " + holds(element, anchors));
    }
  }

  private static boolean holds(Element element, Set<TrustAnchor> anchors) {
    try {
      XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
      XMLSignature signature = factory.unmarshalXMLSignature(new DOMStructure(element));
      List<X509Certificate> chain = new ArrayList<>();
      for (Object info : signature.getKeyInfo().getContent())
        if (info instanceof X509Data data)
          for (Object item : data.getContent()) if (item instanceof X509Certificate certificate) chain.add(certificate);
      if (!signature.validate(new DOMValidateContext(chain.get(0).getPublicKey(), element))) return false;
      PKIXParameters parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      // The first certificate alone where its issuer is an anchor.
      var path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(chain.get(0)));
      CertPathValidator.getInstance("PKIX").validate(path, parameters);
      return true;
    } catch (Exception error) {
      System.err.println(element.getAttribute("Id") + ": " + error);
      return false;
    }
  }
}
