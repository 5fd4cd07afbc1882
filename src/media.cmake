# Pictures: codecs, scaling and acl.media V1. The C++ classes are in cairn_media, the C API in libacl_dvpp.so.
find_package(JPEG REQUIRED)
find_path(LIBYUV_INCLUDE_DIR libyuv.h REQUIRED)
find_library(LIBYUV_LIBRARY yuv REQUIRED)

add_library(cairn_media STATIC
  media/codec/exif_orientation.cc
  media/codec/jpeg_decoder.cc
  media/image/color.cc
  media/image/pixel_format.cc
  media/image/resample.cc
  media/image/scale.cc
  media/v1/batch_pic_desc.cc
  media/v1/channel_desc.cc
  media/v1/jpegd.cc
  media/v1/pic_desc.cc
  media/v1/resize_config.cc
  media/v1/vpc.cc
  media/v1/vpc_checks.cc)
add_dependencies(cairn_media cairn_headers)
target_include_directories(cairn_media SYSTEM PRIVATE ${LIBYUV_INCLUDE_DIR})
target_link_libraries(cairn_media PRIVATE cairn_options ${LIBYUV_LIBRARY} JPEG::JPEG PUBLIC cairn_core)
# The kernels are loops that vectorise well.
set_source_files_properties(media/image/resample.cc media/codec/jpeg_decoder.cc PROPERTIES
  COMPILE_OPTIONS "$<$<NOT:$<CONFIG:Debug>>:-O3>")

cairn_library(acl_dvpp capi/acl_dvpp.cc)
cairn_stand_ins(acl_dvpp acl/ops/acl_dvpp.h)
target_link_libraries(acl_dvpp PRIVATE cairn_media cairn_core)
