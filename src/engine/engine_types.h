// Element types of OpenVINO as aclDataType and back.
#pragma once

#include <openvino/core/type/element_type.hpp>

#include "acl/acl_base.h"

namespace cairn {

/// ACL_DT_UNDEFINED for types that the API does not have.
aclDataType acl_type_of(const ov::element::Type& type);
/// ov::element::dynamic for types that the engine cannot hold.
ov::element::Type element_type_of(aclDataType type);

}  // namespace cairn
