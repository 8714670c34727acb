using System.Text;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>The text under construction and what all parts of the emitter share: names of values, helper functions in use, refusals.</summary>
internal sealed class OpenCLWriter(KernelFunction kernel, OpenCLTarget target)
{
    private readonly StringBuilder body = new();
    private readonly SortedDictionary<string, string> functions = new(StringComparer.Ordinal);
    private readonly List<string> functionOrder = [];

    public KernelFunction Kernel { get; } = kernel;

    public OpenCLTarget Target { get; } = target;

    /// <summary>Helper functions in the order in which they may refer to each other.</summary>
    public IEnumerable<string> Functions => functionOrder.Select(name => functions[name]);

    public string Body => body.ToString();

    /// <summary>One line of the kernel's body.</summary>
    public void Line(string text) => body.Append("    ").Append(text).Append('\n');

    /// <summary>A label stands at the margin.</summary>
    public void Label(BasicBlock block) => body.Append(block).Append(":;\n");

    /// <summary>How a value is written where it is used.</summary>
    public string Use(Value value) => value switch
    {
        Constant constant => OpenCLTypes.Literal(constant),
        DynamicShared => "dynamic_shared",
        _ => $"v{value.Id}",
    };

    /// <summary>An integer operand, read as signed.</summary>
    public string UseSigned(Value value) => $"({OpenCLTypes.Signed(value.Type)}){Use(value)}";

    /// <summary>Asks for a helper function; the text is only made the first time. Returns the name.</summary>
    public string Function(string name, Func<string> text)
    {
        if (!functions.ContainsKey(name))
        {
            functions[name] = "";
            functions[name] = text();
            functionOrder.Add(name);
        }
        return name;
    }

    /// <summary>The kernel asks for something that this device or OpenCL 1.2 does not have.</summary>
    public KernelCompilationException Refuse(Value at, string reason) => new(Kernel.Name, $"{reason} [OpenCL, {Target.DeviceName}]", at.Source);
}
