namespace Managed.Tests.Ptx;

/// <summary>Runs a few instructions for many operands, a thread for each: a, b, c lie in r1–r3, h1–h3, f1–f3, d1–d3, rd1–rd3 alike.</summary>
internal static class Snippet
{
    public const string Registers = ".reg .pred p<8>; .reg .b16 h<16>; .reg .b32 r<64>; .reg .b64 rd<32>; .reg .f32 f<32>; .reg .f64 d<8>;";

    public static string Module(string code, string store, string version = "8.6", string target = "sm_90", string declarations = "") => $$"""
        .version {{version}}
        .target {{target}}
        .address_size 64
        {{declarations}}
        .visible .entry snippet(.param .u64 inputs, .param .u64 outputs)
        {
            {{Registers}}
            .reg .b64 %in, %out; .reg .b32 %t;
            ld.param.u64 %in, [inputs];
            ld.param.u64 %out, [outputs];
            mov.u32 %t, %tid.x;
            mad.wide.u32 %in, %t, 24, %in;
            mad.wide.u32 %out, %t, 8, %out;
            ld.global.u64 rd1, [%in];
            ld.global.u64 rd2, [%in+8];
            ld.global.u64 rd3, [%in+16];
            cvt.u32.u64 r1, rd1; cvt.u32.u64 r2, rd2; cvt.u32.u64 r3, rd3;
            cvt.u16.u64 h1, rd1; cvt.u16.u64 h2, rd2; cvt.u16.u64 h3, rd3;
            mov.b32 f1, r1; mov.b32 f2, r2; mov.b32 f3, r3;
            mov.b64 d1, rd1; mov.b64 d2, rd2; mov.b64 d3, rd3;
            {{code}}
            {{store}}
            ret;
        }
        """;

    /// <summary>The results, taken from a register named by its class: h0, r0, f0, rd0, d0 or p0.</summary>
    public static ulong[] Run(string code, string result, ReadOnlySpan<(ulong A, ulong B, ulong C)> cases, string declarations = "", LaunchOptions? options = null)
    {
        string store = result[0] switch
        {
            'p' => $"selp.b64 rd31, 1, 0, {result}; st.global.b64 [%out], rd31;",
            'h' => $"cvt.u64.u16 rd31, {result}; st.global.b64 [%out], rd31;",
            'f' => $"mov.b32 r63, {result}; cvt.u64.u32 rd31, r63; st.global.b64 [%out], rd31;",
            'd' => $"st.global.f64 [%out], {result};",
            _ when result.StartsWith("rd") => $"st.global.b64 [%out], {result};",
            _ => $"cvt.u64.u32 rd31, {result}; st.global.b64 [%out], rd31;",
        };
        PtxModule module = PtxModule.Parse(Module(code, store, declarations: declarations));
        var machine = new PtxMachine();
        ulong[] inputs = new ulong[cases.Length * 3];
        for (int i = 0; i < cases.Length; i++)
            (inputs[3 * i], inputs[(3 * i) + 1], inputs[(3 * i) + 2]) = cases[i];
        ulong source = machine.Allocate<ulong>(inputs), target = machine.Allocate(cases.Length * 8);
        machine.Launch(module, "snippet", 1, cases.Length, 0, [source, target], options);
        return machine.Read<ulong>(target, cases.Length);
    }

    public static ulong One(string code, string result, ulong a = 0, ulong b = 0, ulong c = 0) => Run(code, result, [(a, b, c)])[0];

    /// <summary>The message of the error that a module or its run gives.</summary>
    public static string Error(string code, string version = "8.6", string target = "sm_90", string declarations = "", int threads = 32, int dynamicShared = 0, LaunchOptions? options = null)
    {
        var exception = Assert.Throws<PtxException>(() =>
        {
            PtxModule module = PtxModule.Parse(Module(code, "", version, target, declarations));
            var machine = new PtxMachine();
            ulong source = machine.Allocate<ulong>(new ulong[threads * 3]), results = machine.Allocate(threads * 8);
            machine.Launch(module, "snippet", 1, threads, dynamicShared, [source, results], options);
        });
        return exception!.Message;
    }
}
