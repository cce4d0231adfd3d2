# cmake -DLIBRARY=NAME.lateral.so -DMANIFEST=FILE.toml -DOUTPUT=NAME.lateral.toml -P LateralManifest.cmake
#
# Writes the manifest that lies beside a plugin: the author's file with the library's sha256 before it. Runs after every
# link (lateral_add_plugin); whoever strips or signs the library afterwards runs it again.
file(READ ${MANIFEST} text)
if(text MATCHES "(^|\n)[ \t]*sha256[ \t]*=")
  message(FATAL_ERROR "${MANIFEST}: leave sha256 out; it is written here, after the library is linked")
endif()
file(SHA256 ${LIBRARY} hash)
get_filename_component(name ${MANIFEST} NAME)
file(WRITE ${OUTPUT} "# Made from ${name} when the plugin was linked.\nsha256 = \"${hash}\"\n\n${text}")
