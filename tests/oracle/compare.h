// Native and emulated result side by side.
#pragma once

#include <string>

#include "oracle/native_case.h"

namespace ilse::oracle {

// False where the host did not come to a result.
bool comparable(const Result& native);
// Empty if equal in everything that is architectural.
std::string difference(const Case& c, const Result& native, const Result& emulated);
// The case and both results, for people.
std::string report(const std::string& name, const Case& c, const Result& native, const Result& emulated);

}  // namespace ilse::oracle
