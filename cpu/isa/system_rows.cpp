// System, segment, port and processor-control instructions: SDM vol. 2D, tables, groups 6, 7,
// 9, 15.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using MemRow = letters::Mem;

consteval Row two(Row r) { return r.in(Map::TwoByte); }
constexpr uint32_t kEnd = kEndsBlock;

constexpr std::array kOneByte{
    helper<hlt>(0xF4, "hlt", kCpl0 | kEnd),
    helper<cli>(0xFA, "cli"),
    helper<sti>(0xFB, "sti"),
    helper<in_imm, Ib>(0xE4, "in", kEnd | kIo),
    helper<in_imm, Ib>(0xE5, "in", kEnd | kIo),
    helper<out_imm, Ib>(0xE6, "out", kEnd | kIo),
    helper<out_imm, Ib>(0xE7, "out", kEnd | kIo),
    helper<in_dx>(0xEC, "in", kEnd | kIo),
    helper<in_dx>(0xED, "in", kEnd | kIo),
    helper<out_dx>(0xEE, "out", kEnd | kIo),
    helper<out_dx>(0xEF, "out", kEnd | kIo),
    helper<mov_from_seg, Ev, Sw>(0x8C, "mov"),
    helper<mov_to_seg, Sw, Ew>(0x8E, "mov"),
    helper<push_seg>(0x06, "push", kNo64 | kStackAddress),
    helper<pop_seg>(0x07, "pop", kNo64 | kStackAddress),
    helper<push_seg>(0x0E, "push", kNo64 | kStackAddress),
    helper<push_seg>(0x16, "push", kNo64 | kStackAddress),
    helper<pop_seg>(0x17, "pop", kNo64 | kStackAddress),
    helper<push_seg>(0x1E, "push", kNo64 | kStackAddress),
    helper<pop_seg>(0x1F, "pop", kNo64 | kStackAddress),
    helper<load_far_pointer, Gv, MemRow>(0xC4, "les", kNo64),
    helper<load_far_pointer, Gv, MemRow>(0xC5, "lds", kNo64),
    helper<arpl, Ew, Gw>(0x63, "arpl", kNo64 | kProtectedOnly).writes(kZF),
    helper<pause>(0x90, "pause").when(Mandatory::F3),
};

constexpr std::array kTwoByte{
    two(helper<push_seg>(0xA0, "push", kDefault64 | kStackAddress)),
    two(helper<pop_seg>(0xA1, "pop", kDefault64 | kStackAddress)),
    two(helper<push_seg>(0xA8, "push", kDefault64 | kStackAddress)),
    two(helper<pop_seg>(0xA9, "pop", kDefault64 | kStackAddress)),
    two(helper<load_far_pointer, Gv, MemRow>(0xB2, "lss")),
    two(helper<load_far_pointer, Gv, MemRow>(0xB4, "lfs")),
    two(helper<load_far_pointer, Gv, MemRow>(0xB5, "lgs")),
    two(helper<sldt, Ev>(0x00, "sldt", kProtectedOnly).group(0)),
    two(helper<str, Ev>(0x00, "str", kProtectedOnly).group(1)),
    two(helper<lldt, Ew>(0x00, "lldt", kProtectedOnly | kCpl0).group(2)),
    two(helper<ltr, Ew>(0x00, "ltr", kProtectedOnly | kCpl0).group(3)),
    two(helper<verr, Ew>(0x00, "verr", kProtectedOnly).group(4)).writes(kZF),
    two(helper<verw, Ew>(0x00, "verw", kProtectedOnly).group(5)).writes(kZF),
    two(helper<sgdt, MemRow>(0x01, "sgdt").group(0)),
    two(helper<sidt, MemRow>(0x01, "sidt").group(1)),
    two(helper<lgdt, MemRow>(0x01, "lgdt", kCpl0).group(2)),
    two(helper<lidt, MemRow>(0x01, "lidt", kCpl0).group(3)),
    two(helper<smsw, Ev>(0x01, "smsw").group(4)),
    two(helper<lmsw, Ew>(0x01, "lmsw", kCpl0 | kEnd).group(6)),
    two(helper<invlpg, MemRow>(0x01, "invlpg", kCpl0 | kEnd).group(7)),
    two(helper<swapgs, Ev>(0x01, "swapgs", kCpl0 | kOnly64 | kRegOnly).exact(0xF8)),
    two(helper<rdtscp, Ev>(0x01, "rdtscp", kRegOnly).exact(0xF9)).needs(Feature::Rdtscp),
    two(helper<clac, Ev>(0x01, "clac", kRegOnly).exact(0xCA).when(Mandatory::None)).needs(Feature::Smap),
    two(helper<stac, Ev>(0x01, "stac", kRegOnly).exact(0xCB).when(Mandatory::None)).needs(Feature::Smap),
    two(helper<rdpkru, Ev>(0x01, "rdpkru", kRegOnly).exact(0xEE).when(Mandatory::None)).needs(Feature::Pku),
    two(helper<wrpkru, Ev>(0x01, "wrpkru", kRegOnly | kEnd).exact(0xEF).when(Mandatory::None))
        .needs(Feature::Pku),
    two(helper<rdrand, Ev>(0xC7, "rdrand", kRegOnly).group(6).when(Mandatory::NoRep))
        .writes(kOSZAPC)
        .needs(Feature::Rdrand),
    two(helper<rdrand, Ev>(0xC7, "rdseed", kRegOnly).group(7).when(Mandatory::NoRep))
        .writes(kOSZAPC)
        .needs(Feature::Rdseed),
    two(helper<rdpid, Ev>(0xC7, "rdpid", kRegOnly | kForce64).group(7).when(Mandatory::F3))
        .needs(Feature::Rdpid),
    two(helper<lar, Gv, Ew>(0x02, "lar", kProtectedOnly)).writes(kZF),
    two(helper<lsl, Gv, Ew>(0x03, "lsl", kProtectedOnly)).writes(kZF),
    two(helper<syscall>(0x05, "syscall", kEnd | kStops))
        .reads(kOSZAPC)
        .writes(kOSZAPC)
        .needs(Feature::Syscall),
    two(helper<clts>(0x06, "clts", kCpl0 | kEnd)),
    two(helper<sysret>(0x07, "sysret", kEnd | kStops | kCpl0 | kOnly64))
        .writes(kOSZAPC)
        .needs(Feature::Syscall),
    two(helper<cache_control>(0x08, "invd", kCpl0)),
    two(helper<cache_control>(0x09, "wbinvd", kCpl0)),
    two(helper<ud>(0x0B, "ud2", kEnd | kStops)),
    two(helper<ud, Gv, Ev>(0xB9, "ud1", kEnd | kStops)),
    two(helper<ud, Gv, Ev>(0xFF, "ud0", kEnd | kStops)),
    two(helper<mov_from_cr, Ev, Cd>(0x20, "mov", kCpl0)),
    two(helper<mov_from_dr, Ev, Dd>(0x21, "mov", kCpl0)),
    two(helper<mov_to_cr, Cd, Ev>(0x22, "mov", kCpl0 | kEnd)),
    two(helper<mov_to_dr, Dd, Ev>(0x23, "mov", kCpl0 | kEnd)),
    two(helper<wrmsr>(0x30, "wrmsr", kCpl0 | kEnd)).needs(Feature::Msr),
    two(helper<rdtsc>(0x31, "rdtsc")).needs(Feature::Tsc),
    two(helper<rdmsr>(0x32, "rdmsr", kCpl0)).needs(Feature::Msr),
    two(helper<rdpmc>(0x33, "rdpmc")).needs(Feature::Msr),
    two(helper<sysenter>(0x34, "sysenter", kEnd | kStops)).needs(Feature::Sep),
    two(helper<sysexit>(0x35, "sysexit", kEnd | kStops | kCpl0)).needs(Feature::Sep),
    two(helper<cpuid>(0xA2, "cpuid", kEnd)).needs(Feature::Cpuid),
    two(helper<rsm>(0xAA, "rsm", kEnd | kStops)),
    two(helper<fxsave, MemRow>(0xAE, "fxsave", kFpu).group(0).when(Mandatory::None)).needs(Feature::Fxsr),
    two(helper<fxrstor, MemRow>(0xAE, "fxrstor", kFpu).group(1).when(Mandatory::None)).needs(Feature::Fxsr),
    two(helper<ldmxcsr, MemRow>(0xAE, "ldmxcsr", kSse).group(2).when(Mandatory::None)).needs(Feature::Sse),
    two(helper<stmxcsr, MemRow>(0xAE, "stmxcsr", kSse).group(3).when(Mandatory::None)).needs(Feature::Sse),
    two(helper<clflush, MemRow>(0xAE, "clflush").group(7).when(Mandatory::None)).needs(Feature::Clflush),
    two(helper<clflush, MemRow>(0xAE, "clflushopt").group(7).when(Mandatory::P66)).needs(Feature::Clflushopt),
    two(helper<clflush, MemRow>(0xAE, "clwb").group(6).when(Mandatory::P66)).needs(Feature::Clwb),
    two(helper<fence, Ev>(0xAE, "lfence", kRegOnly).group(5).when(Mandatory::None)).needs(Feature::Sse2),
    two(helper<fence, Ev>(0xAE, "mfence", kRegOnly).group(6).when(Mandatory::None)).needs(Feature::Sse2),
    two(helper<fence, Ev>(0xAE, "sfence", kRegOnly).group(7).when(Mandatory::None)).needs(Feature::Sse),
    two(helper<rd_base, Ey>(0xAE, "rdfsbase", kRegOnly | kOnly64).group(0).when(Mandatory::F3))
        .needs(Feature::Fsgsbase),
    two(helper<rd_base, Ey>(0xAE, "rdgsbase", kRegOnly | kOnly64).group(1).when(Mandatory::F3))
        .needs(Feature::Fsgsbase),
    two(helper<wr_base, Ey>(0xAE, "wrfsbase", kRegOnly | kOnly64).group(2).when(Mandatory::F3))
        .needs(Feature::Fsgsbase),
    two(helper<wr_base, Ey>(0xAE, "wrgsbase", kRegOnly | kOnly64).group(3).when(Mandatory::F3))
        .needs(Feature::Fsgsbase),
    two(row<Mov, My, Gy>(0xC3, "movnti").when(Mandatory::None)).needs(Feature::Sse2),
    helper<invpcid, Gv, MemRow>(0x82, "invpcid", kCpl0 | kEnd)
        .in(Map::Map38)
        .when(Mandatory::P66)
        .needs(Feature::Invpcid),
};

constexpr auto kRows = concat(kOneByte, kTwoByte);

}  // namespace

std::span<const Row> system_rows() { return kRows; }

}  // namespace ilse::cpu
