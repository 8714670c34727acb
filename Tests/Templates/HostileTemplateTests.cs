using Managed.Loader.Templates;

namespace Managed.Tests.Templates;

/// <summary>A template comes with a stranger's checkpoint: whatever it says, it ends with a text or a TemplateException.</summary>
public class HostileTemplateTests
{
    private static readonly Dictionary<string, object?> s_none = [];

    [TestCase("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", TestName = "Loops in loops")]
    [TestCase("{% for a in range(100000) %}{{ range(100000)|list|length }}{% endfor %}", TestName = "Lists in loops")]
    [TestCase("{{ range(100001) }}", TestName = "A range beyond the sandbox's")]
    [TestCase("{{ 'a' * 10**9 }}", TestName = "A string of a billion")]
    [TestCase("{{ [0] * 10**9 }}", TestName = "A list of a billion")]
    [TestCase("{{ (0,) * 10**30 }}", TestName = "A tuple repeated more often than a word counts")]
    [TestCase("{{ 10**(10**8) }}", TestName = "A power of a power")]
    [TestCase("{{ 9**(9**9) }}", TestName = "Nines")]
    [TestCase("{% set ns = namespace(n=3) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}", TestName = "Squares of squares")]
    [TestCase("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", TestName = "A macro that calls itself")]
    [TestCase("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}", TestName = "A macro that calls itself twice")]
    [TestCase("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}", TestName = "Macros that call each other")]
    [TestCase("{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(60) }}", TestName = "A macro tree")]
    [TestCase("{% macro m() %}{% call m() %}{% endcall %}{{ caller }}{% endmacro %}{{ m() }}", TestName = "Callers without end")]
    [TestCase("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", TestName = "A recursive loop without end")]
    [TestCase("{% block b %}{{ self.b() }}{% endblock %}", TestName = "A block within itself")]
    [TestCase("{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", TestName = "Doubling with ~")]
    [TestCase("{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", TestName = "Doubling with +")]
    [TestCase("{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", TestName = "Doubling a list")]
    [TestCase("{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s|replace('x', ns.s) %}{% endfor %}", TestName = "Growing by replacing")]
    [TestCase("{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s.join(ns.s) %}{% endfor %}", TestName = "Growing by joining")]
    [TestCase("{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}", TestName = "A list of itself twice, printed")]
    [TestCase("{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|tojson }}", TestName = "A list of itself twice, as JSON")]
    [TestCase("{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}", TestName = "Lists of themselves, compared")]
    [TestCase("{% set ns = namespace(s=(1,)) %}{% for i in range(99) %}{% set ns.s = (ns.s, ns.s) %}{% endfor %}{{ {ns.s: 1} }}", TestName = "A tuple of itself twice, as a key")]
    [TestCase("{% set ns = namespace(s=[1]) %}{% for i in range(90000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}", TestName = "A deep list, printed")]
    [TestCase("{% set ns = namespace(s=[1]) %}{% for i in range(90000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s|tojson }}", TestName = "A deep list, as JSON")]
    [TestCase("{% set ns = namespace(s={}) %}{% for i in range(90000) %}{% set ns.s = {1: ns.s} %}{% endfor %}{{ ns.s|pprint }}", TestName = "A deep dict, sorted")]
    [TestCase("{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(90000) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s == ns.t }}", TestName = "Deep lists, compared")]
    [TestCase("{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(90000) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s < ns.t }}", TestName = "Deep lists, ordered")]
    [TestCase("{% set ns = namespace(s=(1,)) %}{% for i in range(90000) %}{% set ns.s = (ns.s,) %}{% endfor %}{{ {ns.s: 1}.x }}", TestName = "A deep key")]
    [TestCase("{% set ns = namespace(s=(1,)) %}{% for i in range(90000) %}{% set ns.s = (ns.s,) %}{% endfor %}{{ {}[ns.s] }}", TestName = "A deep key, looked up")]
    [TestCase("{% set ns = namespace(s=[1]) %}{% for i in range(90000) %}{% set ns.s = ns.s|map('string') %}{% endfor %}{{ ns.s|list }}", TestName = "Iterators over iterators")]
    [TestCase("{% set ns = namespace() %}{% set ns.n = ns %}{{ ns }}", TestName = "A namespace in itself")]
    [TestCase("{% set ns = namespace() %}{% set ns.n = [ns] %}{{ ns.n|tojson }}", TestName = "A namespace in itself, as JSON")]
    [TestCase("{{ 'x'|indent(10**9, true) }}", TestName = "A wide margin")]
    [TestCase("{{ 'x'|center(10**9) }}", TestName = "A wide centre")]
    [TestCase("{{ 'x'.zfill(10**9) }}", TestName = "Many zeros")]
    [TestCase("{{ 'x'.ljust(10**30) }}", TestName = "A width beyond a word")]
    [TestCase("{{ '\t'.expandtabs(10**9) }}", TestName = "Wide tabs")]
    [TestCase("{{ '%1000000000d' % 1 }}", TestName = "A wide field")]
    [TestCase("{{ '%.*f' % (10**9, 1.5) }}", TestName = "A billion decimals")]
    [TestCase("{{ '{:1000000000}'.format(1) }}", TestName = "A wide brace field")]
    [TestCase("{{ [1]|batch(10**9, 0)|list }}", TestName = "A wide batch")]
    [TestCase("{{ [1]|slice(10**9)|list }}", TestName = "A billion slices")]
    [TestCase("{{ lipsum(10**6, min=10**6, max=10**7) }}", TestName = "Filler without end")]
    [TestCase("{{ [1]|tojson(indent=' ' * 10**7) }}{{ [[[[[[[[[[1]]]]]]]]]]|tojson(indent=' ' * 10**7) }}", TestName = "Wide JSON")]
    [TestCase("{{ range(100000)|map('string')|join(',' * 1000) }}", TestName = "A long join")]
    [TestCase("{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}", TestName = "A long text")]
    [TestCase("{% for i in range(100000) %}{% set x = 'x' * 1000000 %}{% endfor %}", TestName = "Long strings in a loop")]
    [TestCase("{% for i in range(100000) %}{% set x = ('x' * 1000000).upper() %}{% endfor %}", TestName = "Work on long strings")]
    [TestCase("{% set l = range(100000)|list %}{% for i in l %}{{ -1 in l }}{% endfor %}", TestName = "Searches in loops")]
    [TestCase("{% set l = range(100000)|list %}{% for i in l %}{{ l[1:]|length }}{% endfor %}", TestName = "Slices in loops")]
    [TestCase("{% set s = 'ab' * 100000 %}{% for i in range(100000) %}{{ 'zz' in s }}{{ s.find('zz') }}{% endfor %}", TestName = "Searches in texts")]
    [TestCase("{% set s = 'a' * 4000000 %}{% set p = 'a' * 1000000 ~ 'b' ~ 'a' * 1000000 %}{{ p in s }}{{ s.find(p) }}{{ s.count(p) }}{{ s.split(p) }}{{ 1/0 }}", TestName = "A search that almost matches everywhere")]
    [TestCase("{% for i in range(100000) %}{% set x = '{:b}'.format(2**16000) %}{% set x = '{:01000000,}'.format(1) %}{% endfor %}", TestName = "Long digits")]
    [TestCase("{% for i in range(100000) %}{% set x = ('9' * 4000)|int(base=7) %}{% set x = ('8' * 4000)|int %}{% endfor %}{% for i in range(100000) %}{% set x = ('8' * 4000)|int %}{% endfor %}{{ 1/0 }}", TestName = "Long integers, read")]
    [TestCase("{% for i in range(100000) %}{% set x = '%.1000000f' % 1.5 %}{% endfor %}", TestName = "Many decimals in a loop")]
    [TestCase("{% set s = '🎉' * 1000000 %}{% for i in range(100000) %}{{ s[-1] }}{{ s|length }}{% endfor %}", TestName = "Indices beyond the basic plane")]
    [TestCase("{% set s = 'é' * 1000000 %}{% for i in range(100000) %}{% set x = s.title() %}{% set x = s|upper %}{% endfor %}", TestName = "Letters with accents, a million")]
    [TestCase("{% set s = 'é' * 1000000 %}{% set t = 'é' * 1000000 %}{% for i in range(100000) %}{{ s == t }}{{ s < t }}{{ {s: 1}[t] }}{% endfor %}", TestName = "Long strings, compared")]
    [TestCase("{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = ns.l + ['x' * 1000000] %}{% endfor %}", TestName = "Memory, filled with strings")]
    [TestCase("{{ ([[1]] * 100000)|sum(start=[])|length }}", TestName = "A sum of lists")]
    [TestCase("{{ 1|round(10**9) }}{{ 1.5|round(-10**9) }}{{ 10**4000|int|round(-10**8) }}{{ 1/0 }}", TestName = "Rounding far away")]
    public void A_template_that_would_not_end_is_an_error(string template)
    {
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(template).Render(s_none));
        Assert.That(error.Kind, Is.EqualTo(TemplateError.Runtime));
        Assert.That(error.Line, Is.EqualTo(1));
    }

    [TestCase("(", ")")]
    [TestCase("[", "]")]
    [TestCase("{1:", "}")]
    [TestCase("not ", "")]
    [TestCase("-", "")]
    [TestCase("1 if 1 else ", "")]
    [TestCase("x[", "]")]
    [TestCase("x(", ")")]
    [TestCase("x|default(", ")")]
    [TestCase("x is eq(", ")")]
    [TestCase("1**(", ")")]
    public void A_hundred_thousand_nested_expressions_are_a_syntax_error(string open, string close)
    {
        string nested = string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000));
        var error = Assert.Throws<TemplateException>(() => ChatTemplate.Parse("{{ " + nested + " }}"));
        Assert.That(error.Kind, Is.EqualTo(TemplateError.Syntax));
    }

    [TestCase("{% if 1 %}", "{% endif %}")]
    [TestCase("{% for x in [1] %}", "{% endfor %}")]
    [TestCase("{% with %}", "{% endwith %}")]
    [TestCase("{% filter upper %}", "{% endfilter %}")]
    [TestCase("{% set x %}", "{% endset %}")]
    [TestCase("{% macro m() %}", "{% endmacro %}")]
    [TestCase("{% generation %}", "{% endgeneration %}")]
    public void A_hundred_thousand_nested_blocks_are_a_syntax_error(string open, string close)
    {
        string nested = string.Concat(Enumerable.Repeat(open, 100_000)) + "x" + string.Concat(Enumerable.Repeat(close, 100_000));
        Assert.That(() => ChatTemplate.Parse(nested), Throws.TypeOf<TemplateException>());
    }

    [TestCase("1 + ")]
    [TestCase("1 and ")]
    [TestCase("'a' ~ ")]
    [TestCase("1 < ")]
    [TestCase("1 * ")]
    public void A_chain_of_a_hundred_thousand_operators_ends(string link)
    {
        var template = ChatTemplate.Parse("{{ " + string.Concat(Enumerable.Repeat(link, 100_000)) + "1 }}");
        EndsWell(template);
    }

    [TestCase("|upper")]
    [TestCase(".x")]
    [TestCase("[0]")]
    [TestCase("()")]
    public void A_chain_of_a_hundred_thousand_links_ends(string link)
    {
        var template = ChatTemplate.Parse("{{ 'a'" + string.Concat(Enumerable.Repeat(link, 100_000)) + " }}");
        EndsWell(template);
    }

    [Test]
    public void A_thread_with_a_small_stack_gets_an_error_and_not_a_crash()
    {
        const string Template = "{% macro m(n) %}{{ [[[[[[m(n + 1)]]]]]] }}{% endmacro %}{{ m(0) }}";
        Exception? failure = null;
        var thread = new Thread(() => failure = Assert.Catch(() => ChatTemplate.Parse(Template).Render(s_none)), 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.TypeOf<TemplateException>());
    }

    [Test]
    public void Limits_can_be_set_for_one_rendering()
    {
        var template = ChatTemplate.Parse("{% for i in range(1000) %}x{% endfor %}");
        Assert.That(template.Render(s_none), Has.Length.EqualTo(1000));
        Assert.That(() => template.Render(s_none, limits: new TemplateLimits { Work = 500 }), Throws.TypeOf<TemplateException>());
        Assert.That(() => template.Render(s_none, limits: new TemplateLimits { Text = 999 }), Throws.TypeOf<TemplateException>());
        Assert.That(() => template.Render(s_none, limits: new TemplateLimits { Range = 999 }), Throws.TypeOf<TemplateException>());
    }

    private static void EndsWell(ChatTemplate template)
    {
        try
        {
            template.Render(s_none);
        }
        catch (TemplateException error)
        {
            Assert.That(error.Kind, Is.EqualTo(TemplateError.Runtime));
        }
    }
}
