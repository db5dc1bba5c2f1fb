/*
 * A PKCS #11 module for tests: SoftHSM with faults. It passes everything on to the library named by FAULTY_REAL, except
 * what the file named by FAULTY_CONTROL asks for at that moment:
 *   hang-sign   C_Sign does not return           hang-init   C_SignInit does not return (blocks the caller's event loop)
 *   crash-sign  C_Sign kills the process         slow-sign   C_Sign takes 50 ms longer
 * Each C_Login is recorded as one octet appended to FAULTY_CONTROL.logins.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long rv_t;
typedef struct {
  unsigned char version[2];
  void *function[68];
} list_t;
/* Places in CK_FUNCTION_LIST (PKCS #11 v2.40, pkcs11f.h). */
enum { LOGIN = 18, SIGN_INIT = 42, SIGN = 43 };

static list_t *real, ours;

static int asked(const char *fault) {
  char text[64] = "";
  const char *path = getenv("FAULTY_CONTROL");
  FILE *file = path ? fopen(path, "r") : NULL;
  if (!file) return 0;
  if (!fgets(text, sizeof text, file)) text[0] = 0;
  fclose(file);
  return strncmp(text, fault, strlen(fault)) == 0;
}

static rv_t login(unsigned long session, unsigned long user, unsigned char *pin, unsigned long length) {
  char path[4096];
  snprintf(path, sizeof path, "%s.logins", getenv("FAULTY_CONTROL"));
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd >= 0) {
    if (write(fd, "L", 1) != 1) abort();
    close(fd);
  }
  return ((rv_t(*)(unsigned long, unsigned long, unsigned char *, unsigned long))real->function[LOGIN])(session, user, pin, length);
}

static rv_t sign_init(unsigned long session, void *mechanism, unsigned long key) {
  while (asked("hang-init")) pause();
  return ((rv_t(*)(unsigned long, void *, unsigned long))real->function[SIGN_INIT])(session, mechanism, key);
}

static rv_t sign(unsigned long session, unsigned char *in, unsigned long inLength, unsigned char *out, unsigned long *outLength) {
  if (asked("crash-sign")) abort();
  while (asked("hang-sign")) usleep(10000);
  if (asked("slow-sign")) usleep(50000);
  return ((rv_t(*)(unsigned long, unsigned char *, unsigned long, unsigned char *, unsigned long *))real->function[SIGN])(
      session, in, inLength, out, outLength);
}

rv_t C_GetFunctionList(list_t **list) {
  void *library = dlopen(getenv("FAULTY_REAL"), RTLD_NOW | RTLD_LOCAL);
  rv_t (*get)(list_t **) = library ? (rv_t(*)(list_t **))dlsym(library, "C_GetFunctionList") : NULL;
  if (!get || get(&real) != 0) return 5; /* CKR_GENERAL_ERROR */
  ours = *real;
  ours.function[LOGIN] = (void *)login;
  ours.function[SIGN_INIT] = (void *)sign_init;
  ours.function[SIGN] = (void *)sign;
  *list = &ours;
  return 0;
}
