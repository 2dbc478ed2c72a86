#include "app/final_task.h"

#include "stages/output/output.h"

namespace quern::app {

Result<void> conclude_job(const FinalOutcome& outcome) {
  return output::write_accounting(outcome.accounting, outcome.artifacts + "/result.json");
}

}  // namespace quern::app
