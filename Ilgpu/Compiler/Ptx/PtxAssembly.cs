using System.Globalization;
using System.Text.RegularExpressions;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>Assembly that the kernel's author wrote: {0}, {1}, … become registers, and what it uses is looked up for the module's version.</summary>
internal static partial class PtxAssembly
{
    /// <summary>
    /// What an instruction needs at least: PTX version in tenths, architecture. All that match count. Source: PTX ISA, "PTX ISA Notes" and
    /// "Target ISA Notes" of each instruction.
    /// </summary>
    private static readonly (Regex Form, int Version, int Architecture)[] s_features =
    [
        (Form(@"\bcp\.async\."), 70, 80),
        (Form(@"\bcp\.(reduce\.)?async\.bulk\b"), 80, 90),
        (Form(@"\bmbarrier\."), 70, 80),
        (Form(@"\bmbarrier\.test_wait\.parity"), 71, 80),
        (Form(@"\bmbarrier\.(arrive.*,.*,|try_wait)"), 78, 90),
        (Form(@"\bmbarrier\.(arrive\.expect_tx|expect_tx|complete_tx)|\bmbarrier\..*shared::c"), 80, 90),
        (Form(@"\b(wgmma|setmaxnreg)\."), 80, 90),
        (Form(@"\bldmatrix\."), 65, 75),
        (Form(@"\bstmatrix\."), 78, 90),
        (Form(@"\bmovmatrix\."), 78, 75),
        (Form(@"\bmma\.sync\."), 65, 75),
        (Form(@"\bmma\.sync\..*(m16n8k16|m16n8k32|m16n8k64|bf16|tf32|\.s8|\.u8|\.s4|\.u4|m16n8k4|f64)"), 70, 80),
        (Form(@"\bmma\.sync\..*(e4m3|e5m2)"), 84, 89),
        (Form(@"\.L[12]::"), 74, 70),
        (Form(@"\.L2::128B"), 74, 75),
        (Form(@"\.L2::(256B|cache_hint|evict)|\bcreatepolicy\."), 74, 80),
        (Form(@"\bredux\.sync"), 70, 80),
        (Form(@"\bbf16(x2)?\b|\btf32\b"), 70, 80),
        (Form(@"\bcvt\.f32\.bf16"), 71, 80),
        (Form(@"\b(add|sub|mul|setp|ex2|tanh)\.[a-z0-9.]*bf16|\bcvt\.rn\.tf32|\bcvt\.(rn\.bf16\.([us]\d|f16|f64)|[a-z.]*([us]\d+|f16|f64)\.bf16)"), 78, 90),
        (Form(@"\b(min|max)\.[a-zA-Z.]*(NaN|f16)"), 70, 80),
        (Form(@"\b(min|max)\.[a-zA-Z.]*xorsign"), 72, 86),
        (Form(@"\b(add|min|max)\.([a-z.]*)(u|s)16x2|\bmax\.relu\.s32|\bmin\.relu\.s32"), 80, 90),
        (Form(@"\b(ex2|tanh)\.approx\.[a-z.]*(f16)|\btanh\.approx\.f32"), 70, 75),
        (Form(@"\bcvt\.[a-z.]*f16x2\.f32|\bcvt\.[a-z.]*relu"), 70, 80),
        (Form(@"\bcvt\..*satfinite"), 81, 80),
        (Form(@"\b(e4m3|e5m2)x2\b"), 81, 89),
        (Form(@"\bcvt\.pack"), 65, 75),
        (Form(@"\b(atom|red)\..*noftz\.f16\b"), 63, 70),
        (Form(@"\b(atom|red)\..*bf16"), 78, 90),
        (Form(@"\b(atom|red)\..*b128"), 83, 90),
        (Form(@"\bfence\.proxy|\belect\.sync|\bfence\.mbarrier_init"), 80, 90),
        (Form(@"\bgriddepcontrol|\bmapa\b|\bbarrier\.cluster|\.cluster\b|shared::cluster|%cluster|%nclusterid|\bgetctarank|\bisspacep\.shared::"), 78, 90),
        (Form(@"\bcvta\.(to\.)?param"), 77, 70),
        (Form(@"\b(st|red)\.async"), 81, 90),
        (Form(@"\bmultimem\."), 81, 90),
        (Form(@"\bfma\.[a-z.]*relu"), 70, 80),
        (Form(@"\bfma\.[a-z.]*oob"), 81, 90),
        (Form(@"\babs\.[a-z.]*f16"), 65, 70),
        (Form(@"\blop3\.(or|and)\."), 82, 70),
        (Form(@"\b(bmsk|szext)\."), 76, 70),
        (Form(@"%is_explicit_cluster"), 78, 90),
        (Form(@"\bcvt\.[a-z.]*f32\.bf16"), 71, 80),
        (Form(@"\bcvt\.rz\.[a-z.]*tf32"), 78, 90),
        (Form(@"\b(ld|st)\..*b128"), 83, 75),
        (Form(@"\.mmio\."), 82, 70),
        (Form(@"shared::cta"), 78, 70),
        (Form(@"\btensormap"), 83, 90),
        (Form(@"\b(discard|applypriority)\."), 74, 80),
        (Form(@"\bbarrier\.cta\."), 78, 70),
        (Form(@"sync_restrict"), 86, 90),
        (Form(@"\bpragma .*(used_bytes_mask)"), 83, 70),
        (Form(@"\bpragma .*(enable_smem_spilling)"), 87, 75),
        (Form(@"\bpragma .*(frequency)"), 90, 70),
        (Form(@"\bcas\.b16"), 63, 70),
        (Form(@"\b(atom|red)\..*\.v[248]\."), 81, 90),
        (Form(@"\bcp\.async\.c[ag]\..*,\s*%?p\d+\s*;"), 75, 80),
        (Form(@"\bcp\.async\.bulk\..*shared::cta\.global"), 86, 90),
        (Form(@"\bbarrier\.cluster\.(arrive\.(release|relaxed)|wait\.acquire)"), 80, 90),
        (Form(@"\bldmatrix\..*shared::"), 78, 75),
        (Form(@"\bmma\.sync\..*(m16n8k16\..*(e4m3|e5m2)|f16\.(e4m3|e5m2)\.)"), 87, 89),
        (Form(@"\bmma\.sp\."), 71, 80),
        (Form(@"\b(nanosleep|activemask)\b|noftz\.f16x2"), 62, 70),
    ];

    private static readonly Regex s_specific = Form(@"\b(wgmma|setmaxnreg)\.");

    public static void Write(PtxWriter writer, InlineAssembly value, Dictionary<Value, string[]> outputs, Liveness liveness)
    {
        string[] results = [.. value.Outputs.Select((type, i) => value.Ties is { } ties && ties[i] >= 0
            ? Tied(writer, value, ties[i], liveness)
            : writer.Registers.Allocate(type))];
        if (results.Length == 1)
        {
            writer.Bind(value, results[0]);
        }
        outputs[value] = results;
        string[] operands = [.. results, .. value.Operands.Select(writer.Register)];
        Require(writer, value);
        string text = Placeholder().Replace(value.Text, match =>
            int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) is int index && index < operands.Length
                ? operands[index]
                : throw writer.Refuse($"the assembly '{value.Text}' names operand {match.Groups[1].Value}, but has {operands.Length} (outputs first, then inputs).", value));
        bool scoped = text.Contains(".reg", StringComparison.Ordinal) && !text.TrimStart().StartsWith('{'); // names of its own
        if (scoped)
        {
            writer.Line("{");
        }
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            writer.Line(PtxWriter.Ascii(line));
        }
        if (!text.TrimEnd().EndsWith(';') && !text.TrimEnd().EndsWith('}'))
        {
            writer.Line(";");
        }
        if (scoped)
        {
            writer.Line("}");
        }
    }

    /// <summary>
    /// The register that an operand comes in and its output leaves in: the operand's own where nothing reads it later. So sums stay where
    /// they are, which asynchronous products of matrices depend on.
    /// </summary>
    private static string Tied(PtxWriter writer, InlineAssembly value, int operand, Liveness liveness)
    {
        Value before = value.Operands[operand];
        return liveness.EndsAt(before, value) ? writer.Register(before) : writer.Move(PtxRegisters.ClassOf(before.Type), writer.Register(before));
    }

    /// <summary>The least PTX version and architecture that have all of the text's instructions.</summary>
    public static (int Version, int Architecture) LeastFor(string text)
    {
        (int version, int architecture) = (60, 70);
        foreach ((Regex form, int needed, int target) in s_features)
        {
            if (form.IsMatch(text))
            {
                version = Math.Max(version, needed);
                architecture = Math.Max(architecture, target);
            }
        }
        return (version, architecture);
    }

    private static void Require(PtxWriter writer, InlineAssembly value)
    {
        (int version, int architecture) = LeastFor(value.Text);
        string firstLine = value.Text.Trim().Split('\n')[0].Trim();
        writer.Require(version, architecture, $"the assembly '{firstLine}'", value);
        if (s_specific.IsMatch(value.Text))
        {
            writer.RequireSpecific($"the assembly '{firstLine}'", value);
        }
    }

    private static Regex Form(string pattern) => new(pattern, RegexOptions.CultureInvariant);

    [GeneratedRegex(@"\{(\d+)\}")]
    private static partial Regex Placeholder();
}
