#include "services/credentials/core_dumps.h"

#include <sys/prctl.h>

#include "base/result.h"

namespace quern::credentials {

NoCoreDumps::NoCoreDumps() : before_(::prctl(PR_GET_DUMPABLE)) { CHECK(::prctl(PR_SET_DUMPABLE, 0) == 0); }

NoCoreDumps::~NoCoreDumps() {
  // The value 2 (only root may read dumps) is set by an administrator and cannot be restored from here; dumps then stay
  // off.
  if (before_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
}

}  // namespace quern::credentials
