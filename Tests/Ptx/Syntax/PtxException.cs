namespace Managed.Tests.Ptx;

/// <summary>A module that is not legal PTX, or a program that did something PTX leaves undefined. Names the line and its text.</summary>
internal sealed class PtxException : Exception
{
    public PtxException(int line, string source, string problem)
        : base($"line {line}: {problem}\n    {source.Trim()}")
    {
        Line = line;
        Problem = problem;
    }

    /// <summary>Line in the module's text, from 1.</summary>
    public int Line { get; }

    /// <summary>What is wrong, without line and text.</summary>
    public string Problem { get; }
}
