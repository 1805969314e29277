# SPDX-License-Identifier: MIT
# Completion of the programs of libasl for bash. The build adds a function for each program, from
# the options that its --help shows, and installs the whole under the name of each.
#
# Below, `current` is the word to complete; what may stand there is added to COMPREPLY.

# _asl__words WORD...
_asl__words()
{
    local word
    for word in "$@"; do
        [[ $word != "$current"* ]] || COMPREPLY+=("$word")
    done
}

_asl__folders()
{
    local found
    compopt -o filenames 2>/dev/null
    mapfile -t found < <(compgen -d -- "$current")
    COMPREPLY+=("${found[@]}")
}

# _asl__files [ENDING...]: files with one of these endings, or any; and folders.
_asl__files()
{
    local found name ending
    compopt -o filenames 2>/dev/null
    mapfile -t found < <(compgen -f -- "$current")
    if (($# == 0)); then
        COMPREPLY+=("${found[@]}")
        return
    fi
    for name in "${found[@]}"; do
        for ending in "$@"; do
            [[ ${name,,} != *."$ending" ]] || COMPREPLY+=("$name")
        done
    done
    _asl__folders
}

_asl__cameras()
{
    local cameras
    mapfile -t cameras < <(compgen -G '/dev/video*')
    _asl__words "${cameras[@]}"
}

_asl__complete()
{
    local program=${1##*/} current=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1)) word ended=
    local ask=_${program//-/_}
    COMPREPLY=()
    # Readline cuts words at "=" and ":" too.
    if [[ $current == ":" || ${COMP_WORDS[at]} == ":" ]]; then # fifo:PATH
        [[ $current != ":" ]] || current=
        _asl__files
        return
    fi
    if [[ $current == "=" ]]; then
        current=
    elif [[ ${COMP_WORDS[at]} == "=" ]]; then
        ((at--))
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word != -- ]] || ended=yes
    done
    if [[ ${COMP_WORDS[at]} == -?* ]] && "$ask" "${COMP_WORDS[at]}"; then
        : # the value of an option
    elif [[ $current == -* && ! $ended ]]; then
        "$ask" options
    else
        "$ask" arguments
    fi
    # What belongs behind "fifo:" follows at once.
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *: ]]; then
        compopt +o filenames -o nospace 2>/dev/null
    fi
}
