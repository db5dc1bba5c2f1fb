import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.EvidenceRecordWrapper;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
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
 * What EU DSS finds, a line of JSON for each line of standard input: document, detached content, evidence record, time
 * (milliseconds since 1970), separated by tabs, "-" where there is none. The argument is the trusted certificate. Nothing is
 * fetched: revocation is what the documents bring.
 */
public final class DssVerdicts {
  public static void main(String[] arguments) throws Exception {
    CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
    CertificateToken root = DSSUtils.loadCertificate(new File(arguments[0]));
    trusted.addCertificate(root);
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
    if (!request[1].equals("-")) validator.setDetachedContents(List.<DSSDocument>of(new FileDocument(request[1])));
    if (!request[2].equals("-")) validator.setDetachedEvidenceRecordDocuments(List.<DSSDocument>of(new FileDocument(request[2])));
    if (!request[3].equals("-")) validator.setValidationTime(new Date(Long.parseLong(request[3])));
    Reports reports = validator.validateDocument();
    DiagnosticData data = reports.getDiagnosticData();
    SimpleReport simple = reports.getSimpleReport();

    List<String> signatures = new ArrayList<>();
    for (SignatureWrapper signature : data.getSignatures()) {
      String id = signature.getId();
      List<String> stamps = new ArrayList<>();
      for (TimestampWrapper stamp : signature.getTimestampList()) stamps.add(timestamp(stamp, simple));
      List<String> records = new ArrayList<>();
      for (EvidenceRecordWrapper record : signature.getEvidenceRecords()) records.add(evidence(record, simple));
      signatures.add("{" + String.join(",",
          field("level", String.valueOf(signature.getSignatureFormat())),
          field("indication", String.valueOf(simple.getIndication(id))),
          field("subIndication", String.valueOf(simple.getSubIndication(id))),
          "\"intact\":" + signature.isSignatureIntact(),
          list("errors", simple.getAdESValidationErrors(id).stream().map(m -> quoted(m.getValue())).toList()),
          list("warnings", simple.getAdESValidationWarnings(id).stream().map(m -> quoted(m.getValue())).toList()),
          list("timestamps", stamps),
          list("evidenceRecords", records)) + "}");
    }
    List<String> stamps = new ArrayList<>();
    for (TimestampWrapper stamp : data.getTimestampList()) stamps.add(timestamp(stamp, simple));
    List<String> records = new ArrayList<>();
    for (EvidenceRecordWrapper record : data.getEvidenceRecords()) records.add(evidence(record, simple));
    return "{" + list("signatures", signatures) + "," + list("timestamps", stamps) + "," + list("evidenceRecords", records) + "}";
  }

  private static String timestamp(TimestampWrapper stamp, SimpleReport simple) {
    return "{" + String.join(",",
        field("type", String.valueOf(stamp.getType())),
        field("indication", String.valueOf(simple.getIndication(stamp.getId()))),
        field("subIndication", String.valueOf(simple.getSubIndication(stamp.getId()))),
        "\"imprintIntact\":" + stamp.isMessageImprintDataIntact(),
        "\"signatureIntact\":" + stamp.isSignatureIntact()) + "}";
  }

  private static String evidence(EvidenceRecordWrapper record, SimpleReport simple) {
    List<String> stamps = new ArrayList<>();
    for (TimestampWrapper stamp : record.getTimestampList()) stamps.add(timestamp(stamp, simple));
    boolean intact = record.getDigestMatchers().stream().allMatch(m -> m.isDataFound() && m.isDataIntact());
    return "{" + String.join(",",
        field("indication", String.valueOf(simple.getIndication(record.getId()))),
        field("subIndication", String.valueOf(simple.getSubIndication(record.getId()))),
        "\"intact\":" + intact,
        list("timestamps", stamps)) + "}";
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
