// The names of what is still alive, for the log of a program that ends.
#pragma once

#include <string>
#include <vector>

#include "device/device.h"

namespace cairn {

/// One entry for each object of the API that the program made and did not destroy ("stream#3"; default
/// contexts and streams are not the program's), and for each allocation on the devices.
std::vector<std::string> describe_live_objects(const std::vector<std::unique_ptr<Device>>& devices);

/// Writes them to the log as warnings, the first ones by name. Costs nothing where warnings are not logged.
void log_live_objects(const std::vector<std::unique_ptr<Device>>& devices, std::string_view occasion);

}  // namespace cairn
