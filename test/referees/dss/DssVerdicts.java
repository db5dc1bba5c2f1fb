import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/**
 * What EU DSS finds, a line of JSON for each line of standard input: document, time (milliseconds since 1970) and, where
 * it is detached, the content, separated by tabs. The argument is the trusted certificate. Nothing is fetched: revocation is what
 * the documents bring.
 */
public final class DssVerdicts {
  public static void main(String[] arguments) throws Exception {
    CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
    trusted.addCertificate(DSSUtils.loadCertificate(new File(arguments[0])));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String verdict;
      try {
        verdict = judge(line.split("\t"), trusted);
      } catch (RuntimeException e) {
        verdict = "{" + field("error", e.toString()) + "}";
      }
      System.out.println(verdict);
      System.out.flush();
    }
  }

  private static String judge(String[] request, CommonTrustedCertificateSource trusted) {
    SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(request[0]));
    CommonCertificateVerifier verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(trusted);
    verifier.setAIASource(null);
    validator.setCertificateVerifier(verifier);
    validator.setValidationTime(new Date(Long.parseLong(request[1])));
    if (request.length > 2) validator.setDetachedContents(List.<DSSDocument>of(new FileDocument(request[2])));
    Reports reports = validator.validateDocument();
    SimpleReport simple = reports.getSimpleReport();

    List<String> signatures = new ArrayList<>();
    for (SignatureWrapper signature : reports.getDiagnosticData().getSignatures()) {
      String id = signature.getId();
      List<String> stamps = new ArrayList<>();
      for (TimestampWrapper stamp : signature.getTimestampList()) stamps.add(timestamp(stamp));
      signatures.add("{" + String.join(",",
          field("level", String.valueOf(signature.getSignatureFormat())),
          field("indication", String.valueOf(simple.getIndication(id))),
          field("subIndication", String.valueOf(simple.getSubIndication(id))),
          "\"intact\":" + signature.isSignatureIntact(),
          list("errors", simple.getAdESValidationErrors(id).stream().map(m -> quoted(m.getValue())).toList()),
          list("timestamps", stamps)) + "}");
    }
    return "{" + list("signatures", signatures) + "}";
  }

  private static String timestamp(TimestampWrapper stamp) {
    return "{" + String.join(",",
        field("type", String.valueOf(stamp.getType())),
        "\"imprintIntact\":" + stamp.isMessageImprintDataIntact(),
        "\"signatureIntact\":" + stamp.isSignatureIntact()) + "}";
  }

  private static String list(String name, List<String> values) {
    return quoted(name) + ":[" + String.join(",", values) + "]";
  }

  private static String field(String name, String value) {
    return quoted(name) + ":" + quoted(value);
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(' ');
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
