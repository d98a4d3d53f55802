# Guest code and tables of our own, made from source at build time and linked into the devices library: each
# becomes a span of bytes named after its file in namespace ilse::dev::embedded (devices/board/embedded.h).
find_program(OBJCOPY objcopy REQUIRED)
find_program(IASL iasl)
if(NOT IASL)
  message(FATAL_ERROR "iasl, which compiles the ACPI tables, is missing: install acpica-tools")
endif()

set(ROMS_DIR ${CMAKE_CURRENT_LIST_DIR})
set(ROMS_OUT ${CMAKE_BINARY_DIR}/roms)
file(MAKE_DIRECTORY ${ROMS_OUT})
set(ROMS_SOURCES)

function(embed name binary)
  set(source ${ROMS_OUT}/${name}.cpp)
  add_custom_command(OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DBINARY=${binary} -DSOURCE=${source} -P ${ROMS_DIR}/embed.cmake
    DEPENDS ${binary} ${ROMS_DIR}/embed.cmake VERBATIM)
  set(ROMS_SOURCES ${ROMS_SOURCES} ${source} PARENT_SCOPE)
endfunction()

# An option ROM: 16-bit code that knows its offsets, so that its only section is the ROM.
macro(option_rom name)
  set(binary ${ROMS_OUT}/${name}.bin)
  add_custom_command(OUTPUT ${binary}
    COMMAND ${CMAKE_CXX_COMPILER} -m32 -c -x assembler -Wa,-I${ROMS_DIR} -Wa,--fatal-warnings
            -o ${ROMS_OUT}/${name}.o ${ROMS_DIR}/${name}.S
    COMMAND ${CMAKE_LINKER} -m elf_i386 -Ttext=0 -o ${ROMS_OUT}/${name}.elf ${ROMS_OUT}/${name}.o
    COMMAND ${OBJCOPY} -O binary -j .text ${ROMS_OUT}/${name}.elf ${binary}
    DEPENDS ${ROMS_DIR}/${name}.S ${ROMS_DIR}/option_rom.inc VERBATIM)
  embed(${name} ${binary})
endmacro()

macro(acpi_table name)
  add_custom_command(OUTPUT ${ROMS_OUT}/${name}.aml
    COMMAND ${IASL} -we -vs -p ${ROMS_OUT}/${name} ${ROMS_DIR}/${name}.asl
    DEPENDS ${ROMS_DIR}/${name}.asl VERBATIM)
  embed(${name} ${ROMS_OUT}/${name}.aml)
endmacro()

option_rom(linuxboot)
option_rom(multiboot)
acpi_table(dsdt)
