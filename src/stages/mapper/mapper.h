#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/channel.h"
#include "base/result.h"
#include "model/block.h"
#include "model/event.h"
#include "model/input.h"
#include "model/job.h"

